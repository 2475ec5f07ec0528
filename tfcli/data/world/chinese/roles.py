"""国王和王后、男人和女人、男孩和女孩：用同样的话来讲。"""

from tfcli.data.world.chinese.words import BOYS, GIRLS
from tfcli.data.world.grammar import Record, lines, table
from tfcli.data.world.plots import plots
from tfcli.data.world.roles import RoleBook

# did: 做什么；things: 有什么；at: 在哪里；kind: 用“男人、女人”还是“男孩、女孩”来说；
# is: 怎样的人才是；dream: 能不能梦想当这样的人。
_PAIRS = table(
    "he she did things at kind is dream",
    """
国王 | 王后
& | 治理国家 / 坐在宝座上 / 颁布了新的法令 / 戴着沉重的王冠
& | 王冠 / 戒指 / 红披风 | 宫殿里 / 宝座旁 | man | 戴着王冠、住在宫殿里 | yes
王子 | 公主
& | 在皇家舞会上跳舞 / 骑着小白马 / 等着继承王位 / 睡在高塔里
& | 小王冠 / 银戒指 / 马鞭 | 城堡里 / 皇家舞会上 | boy | 出生在宫殿里、父母是国王和王后 | yes
男人 | 女人
& | 开车去公司 / 交了房租 / 看报纸 / 等公共汽车
& | 车钥匙 / 报纸 / 钱包 | 办公室里 / 公共汽车站 | man | - | -
男孩 | 女孩
& | 走路去上学 / 做完了作业 / 放风筝 / 掉了一颗牙
& | 书包 / 风筝 / 铅笔盒 | 学校操场上 / 游乐场里 | boy | - | -
父亲 | 母亲
& | 把孩子养大 / 为儿女操心 / 把全家照顾好 / 教育儿女
& | 全家福 / 儿女的信 / 家里的钥匙 | 家长会上 / 儿女身边 | man | 有了儿女 | yes
爸爸 | 妈妈
& | 哄宝宝睡觉 / 给宝宝喂饭 / 给孩子们做早饭 / 抱着宝宝
& | 宝宝的照片 / 围裙 / 奶瓶 | 摇篮旁边 / 厨房里 | man | 有了宝宝 | yes
儿子 | 女儿
& | 给父母写信 / 让父母感到骄傲 / 从大学放假回家
& | 父母的来信 / 大学录取通知书 | 父母家里 / 大学里 | boy | 让父母感到骄傲 | -
哥哥 | 姐姐
& | 带着弟弟妹妹玩 / 帮弟弟妹妹背书包 / 让着弟弟妹妹
& | 旧课本 / 中学校徽 | 上铺 / 中学里 | boy | 比我大 | -
弟弟 | 妹妹
& | 弄坏了积木 / 哭着要糖吃 / 跟在后面学走路
& | 积木 / 小木马 / 图画书 | 小床上 / 幼儿园里 | boy | 比我小 | -
爷爷 | 奶奶
& | 讲从前的故事 / 找老花镜 / 在摇椅上打盹
& | 拐杖 / 老花镜 / 旧怀表 | 摇椅上 / 老房子里 | man | 有了孙子孙女 | -
叔叔 | 阿姨
& | 星期天来做客 / 给我们带礼物 / 在客房住了两天
& | 礼物 / 行李箱 / 照相机 | 客房里 / 家庭聚会上 | man | 跟我父母差不多大 | -
丈夫 | 妻子
& | 在婚礼上跳舞 / 准备结婚纪念日的花 / 戴上结婚戒指
& | 结婚戒指 / 婚纱照 | 婚礼上 / 结婚纪念日的晚餐桌旁 | man | 结了婚 | yes
""",
)
_HE = Record(
    name="他", he="他", his="他的", man="男人", boy="男孩", title=("先生",),
    names=tuple(person.name for person in BOYS), wears=("衬衫", "西装", "领带"),
)  # fmt: skip
_SHE = Record(
    name="她", he="她", his="她的", man="女人", boy="女孩", title=("女士",),
    names=tuple(person.name for person in GIRLS), wears=("裙子", "项链", "耳环"),
)  # fmt: skip


def _role(row: Record, side: Record, label: object) -> Record:
    shared = {name: row.fields[name] for name in ("did", "things", "at", "is", "dream")}
    return Record(**{**side.fields, "name": label, "sex": side.fields[row.kind], **shared})


_LINES = lines(
    """
{r}{r.did}，没有人打扰{r.he}。
{r}还没吃早饭，就{r.did}了。
[一个晴天|一个雨天|{day}]，{r}{r.did}。
{r}{r.did}的时候，看上去很[高兴|累|骄傲|认真]。
{r}常常在{r.at}，{r.he}喜欢那里。
{r.friend}在{r.at}遇见了{r}。
{r}一整天都在想{r.his}{r.things}。
{r}说什么也不肯把{r.his}{r.things}送人。
这位{r}名叫{r.called}，{r.he}{r.did}。
{r}照照镜子，摸了摸{r.his}{r.wears}。
{r}换上了最好看的{r.wears}，然后{r.he}{r.did}。
[人们|邻居们|孩子们]都喜欢这位{r}，因为{r.he}总是很[和气|客气|开朗]。
“那位{r}是谁？”“是{r.called}，我在{r.at}见过{r.he}。”
{r}说，{r.he}找不到{r.his}{r.things}了。
{r}看到{r.his}{r.things}，自己笑了起来。
我在{r.at}看见了{r}，{r.he}和{o}在一起。
{r}进来了，{r.he}带着{r.his}{r.things}。
{r}像往常的{day}一样，换上了新的{r.wears}。
[大家|邻居们]都认识{r.at}的这位{r}，也知道{r.his}{r.things}。
从前有一位{r}，{r.he}{r.did}，心里很高兴。
“早上好，{r.title}。”我对{r}说，{r.he}点了点头。
“[谢谢|请进|请坐]。”{r.at}的{r}说，{r.his}声音很[轻|响|好听]。
{r.his}名字叫{r.called}，{r.he}是一位{r}。
""",
    glue="",
)

_KIND_LINES = lines(
    """
{r}是{r.is}的{r.sex}。
这位{r}是个{r.sex}，名字叫{r.called}。
{r}是{r.sex}吗？当然，{r.he}是{r.sex}。
{r.is}的{r.sex}，就叫做{r}。
""",
    glue="",
)

_PAIR_LINES = lines(
    """
{he}和{she}都在{he.at}：他{he.did}，她{she.did}。
{he}有他的{he.things}，{she}有她的{she.things}。
{he}是男的，{she}是女的。
{he}整理好他的{he.wears}，{she}整理好她的{she.wears}，一起出门了。
说到{he}，我们用“他”；说到{she}，我们用“她”。
“我是{he}。”他说。“我是{she}。”她说。
{he}向{she}问好，她也向他问好。
{he}笑了，{she}也跟着笑了。
先来的是{he}，他带着{he.things}；后来的是{she}，她带着{she.things}。
{he}爱惜他的{he.things}，{she}爱惜她的{she.things}。
{he}叫{he.called}，{she}叫{she.called}。
""",
    glue="",
)

_PLOTS = plots(
    """
从前有一位{r}，夜里总是睡不着。
{month}的一个深夜，{r}睡不着，就起来了。

{r}整夜躺着睡不着，因为{r.he}丢了{r.his}{r.thing}。
{r.he}找不到{r.his}{r.thing}，心里很着急。

{r.he}往床底下看，什么也没有。
{r.he}走来走去，自言自语。
{r.he}从一数到一百，又从一百数回来。

早上，{r.friend}来了，问{r.he}出了什么事。
最后，{r.he}叫来了老朋友{r.friend}。
“怎么了？”第二天早上，{r.friend}问。

“我在找我的{r.thing}。”{r}说。
{r}把丢了{r.thing}的事告诉了{r.friend}。

他们一起找，{r.friend}在[地毯|楼梯|苹果树]下面找到了。
{r.friend}笑了，告诉{r.he}，东西一直就在那里。

从那以后，{r}又{r.did}，也睡得香了。
{r}从心里感谢{r.friend}，因为{r.he}终于能睡着了。
====
{r}感冒了，{r.his}鼻子红红的。
今天是{r}的生日，[大家都来祝贺{r.he}|{r.he}收到了许多祝福]。
{r}累了，{r.he}想休息一天。

{r.he}放下{r.his}{r.thing}，坐下来喝茶。
“今天谁也别想在{r.at}找到我。”{r.he}对自己说。
{o}给{r.he}端来[一碗热汤|一杯蜂蜜茶|一块蛋糕]，还给{r.he}唱歌。

?60
可是不久就有人敲门，要找{r}。
{o}问{r.he}好点没有，{r.he}说好多了。
{r.friend}给{r.he}写了一封信，祝{r.he}好运。

第二天，{r.he}又{r.did}。
到了{day}，{r.he}又回到{r.at}，好像什么也没发生过。
到了晚上，{r.he}又高兴了，{r.his}{r.thing}就在身边。
""",
    glue="",
)

_DREAMS = plots(
    """
{r.friend}还是个小{r.boy}的时候，就想当{r}。
从前有个[聪明的|害羞的|贫穷的|爱笑的]{r.boy}，名叫{r.friend}，{r.he}一心想当{r}。

“要当{r}，”[人们|老人们]说，“先要学会耐心。”
{r.he}每天都在想，当了{r}会是什么样子。
{r.he}对着镜子练习，说：“我就是{r}。”

许多年过去了，{r.he}没有忘记{r.his}梦想。
{r.he}很努力，朋友们都[笑话|帮助|相信]{r.he}。

最后，{r.he}真的成了{r}，{r.did}。
有一天，{r.he}站在{r.at}，人人都叫{r.he}{r}。
""",
    glue="",
)

ROLES = RoleBook(
    pairs=tuple(
        (_role(row, _HE, row.fields["he"]), _role(row, _SHE, row.fields["she"])) for row in _PAIRS
    ),
    lines=_LINES,
    kind_lines=_KIND_LINES,
    pair_lines=_PAIR_LINES,
    plots=_PLOTS,
    dreams=_DREAMS,
)
