"""编出来的人名、地名和暗号，在文中反复出现。"""

from tfcli.data.world.copying import CopyBook
from tfcli.data.world.grammar import Dice, Record, lines
from tfcli.data.world.plots import plots

_SURNAMES = (
    "赵钱孙周吴郑冯褚卫蒋沈韩杨朱秦许何吕施孔曹严魏陶姜谢邹苏潘葛范彭鲁韦马方俞任袁柳史唐薛雷贺倪汤"
)
_MEN = "志文国建海宏伟峰涛斌鹏磊勇杰军强辉武林森浩宇博宁安平成刚毅坤"
_WOMEN = "芳秀英慧丽静雪莲琴梅兰萍云霞月娟燕玉洁曦婉晴蕾琳瑶薇菲倩莹凤"
_HEADS = [
    "青",
    "石",
    "柳",
    "白",
    "桃",
    "清",
    "梅",
    "龙",
    "凤",
    "竹",
    "云",
    "落",
    "杏",
    "芦",
    "枫",
    "荷",
    "雁",
    "松",
    "银",
    "望",
]
_TAILS = [
    "溪镇",
    "桥村",
    "花坞",
    "水湾",
    "山庄",
    "岭",
    "家渡",
    "林屯",
    "石滩",
    "泉乡",
    "月镇",
    "沙洲",
]
_CODES = [
    "灯笼",
    "铜钱",
    "柳树",
    "船锚",
    "石子",
    "提琴",
    "马鞍",
    "丝带",
    "雷雨",
    "纽扣",
    "羽毛",
    "蜡烛",
    "港口",
    "核桃",
    "镜子",
    "木桶",
    "棉花",
    "隧道",
    "兰花",
    "锤子",
    "梯子",
    "胡椒",
    "海岛",
    "瓶子",
    "枕头",
    "火箭",
    "乌龟",
    "竹篮",
    "白银",
    "风车",
]
_DIGITS = "一二三四五六七八九"


def person(dice: Dice) -> Record:
    """A made-up man or woman: a surname and one or two characters."""
    female = dice.chance(0.5)
    given = "".join(dice.sample(_WOMEN if female else _MEN, dice.between(1, 2)))
    return Record(name=dice.pick(_SURNAMES) + given, first=given, he="她" if female else "他")


def place(dice: Dice) -> str:
    """A made-up place."""
    return dice.pick(_HEADS) + dice.pick(_TAILS)


def code(dice: Dice) -> str:
    """Two words and a number, or three or four words."""
    words = dice.sample(_CODES, dice.between(2, 4))
    return "".join([*words[:2], dice.pick(_DIGITS)] if dice.chance(0.4) else words)


_LISTS = lines(
    """
老师念名字：{l}。然后又念了一遍：{l}。
队长点名：{l}。一个小时以后，队长又点了一次名：{l}。
名单上写着{l}。抄下来的名单上也写着{l}。
[请记下来|请听好]：{l}。现在念给我听：{l}。
鹦鹉听见了“{l}”。一整天，鹦鹉都在说“{l}”。
第一排是{l}。再念一遍第一排：{l}。第二排是{m}。再念一遍第二排：{m}。
信是寄给{l}的。邮递员挨家敲门，找{l}。
老歌里唱着{l}，大家跟着唱{l}。
奶奶想起了{l}。“是谁呀？”我们问。“{l}。”她又说了一遍。
请来的客人是{l}。他们真的都来了：{l}。
“{l}”，这是他要背的。“{l}”，这是他梦里说的。
他在墙上写了{l}。她走过来，念出了{l}。
塔上传来喊声：{l}。山谷里传来回声：{l}。
一队是{l}。二队是{m}。“一队呢？”“{l}。”“二队呢？”“{m}。”
""",
    glue="",
)

_REPEATS = (
    ("请跟我念：{l}。", "{l}。"),
    ("请重复：{l}", "{l}"),
    ("[抄|写]下这句：{l}。", "{l}。"),
    ("再说一遍：{l}。", "{l}。"),
    ("把这个名单念给我听：{l}。", "[好的|没问题|可以]：{l}。"),
    ("我的单子上是{l}。单子上有什么？", "单子上是{l}。"),
)
_RECALLS = (
    (
        "我叫{p}。",
        "[很高兴认识你|你好|见到你真高兴]，{p}！",
        "我叫什么名字？",
        "你叫{p}。",
    ),
    (
        "[暗号|口令]是{code}。别忘了。",
        "[我会记住的|好，我记下了]。",
        "[暗号|口令]是什么？",
        "是{code}。",
    ),
    (
        "我来自一个小地方，叫{place}。",
        "{place}，听起来[很美|不错|很远]。",
        "我来自哪里？",
        "你来自{place}。",
    ),
    (
        "我的朋友{p}住在{place}。",
        "[真好|是吗]！你常去{place}看{p}吗？",
        "常去。谁住在{place}？",
        "{p}住在{place}。",
    ),
)

_TALES = plots(
    """
{p}住在{place}，那是一个[海边|山里|河边]的小地方。
在{place}，人人都认识{p}。
从前，{place}有一位[面包师|裁缝|农民|医生]，名叫{p}。

有一天，一个叫{q}的陌生人来到{place}，打听{p}。
一天[早上|下午]，{place}收到{q}寄来的信，是给{p}的。
{month}里，{q}搬到{place}，成了{p}的邻居。

“我是{p}。”{p}说。“我是{q}。”{q}说。
{place}没有人听说过{q}，只有{p}听说过。
{p}见到{q}很高兴，{q}见到{p}也很高兴。

?70
{q}想[买|租|看看]{place}的老磨坊，钥匙在{p}手里。
{p}带着{q}走遍了{place}，从磨坊走到小桥。
“给我讲讲{place}吧。”{q}说，{p}就讲起了{place}的故事。

?70
不久，{p}和{q}成了朋友，整个{place}都替他们高兴。
可是{q}不能留在{place}，{p}很难过。
{place}的人都说，{p}和{q}好得像一家人。

直到今天，你到{place}去，人们还会讲起{p}和{q}。
从那以后，{p}和{q}常常写信，信封上盖着{place}的邮戳。
如果{q}没有离开{place}，那么{q}现在还是{p}的邻居。
====
“暗号是{code}。”{p}对{q}说。
{p}把暗号悄悄告诉{q}：“{code}。”
要进{place}的塔，先要说出{code}。

{q}一遍又一遍地念：{code}，{code}。
{q}把它写在手心里：{code}。
“{code}，”{q}重复道，“{code}。我不会忘的。”

在{place}的门口，守卫问：“暗号是什么？”
半夜里，一个声音问{q}要暗号。

“{code}。”{q}说，门就开了。
{q}深吸一口气，说：“{code}。”

?60
“请进，{q}。”守卫说，“{p}在等你。”
里面，{p}早就在等{q}了。
====
医生{p}有一个病人，叫{q}。
在{place}，{p}和{q}是同班同学。
{p}写了一本关于{place}的书，{q}给书画了插图。

“{q}，”{p}说，“你今天看起来很累。”
{p}常常说起{q}，{q}也常常说起{p}。
门上写着两个名字：{p}和{q}。

?70
{p}生病的时候，{q}天天来送汤。
晚上，{p}和{q}下棋，{p}[总是|很少|有时候]赢。
有一次{p}丢了帽子，{q}在去{place}的路上找到了它。

?60
“没有{q}，{p}可怎么办？”人们说。
“{p}在哪里，{q}就在哪里。”{place}的人说。

直到今天，{p}和{q}还[是朋友|常常写信|住在{place}]。
{p}和{q}的故事就讲到这里。
{place}有一条街叫{p}街，还有一条街叫{q}街。
====
{p}有一[匹马|条狗|头驴]，名叫{code}。
{p}有一条船，船名叫{code}。

每天早上，{p}都要喊：“{code}，{code}！”
{p}爱{code}胜过一切。
“{code}是最好的。”{p}说。

有一天，{code}不见了，{p}到处找{code}。
{q}想要{code}，可是{p}不肯。

“你看见{code}了吗？”{p}问{q}。
{q}愿意出很多钱，向{p}买{code}。

最后，{q}把{code}还给了{p}。
于是{code}留在{p}身边，{q}常来看他们。
""",
    glue="",
)

COPYING = CopyBook(
    person=person,
    place=place,
    code=code,
    comma="、",
    lists=_LISTS,
    repeats=_REPEATS,
    recalls=_RECALLS,
    tales=_TALES,
)
