"""人们做什么工作、用什么工具，东西是用什么做的。"""

from tfcli.data.world.grammar import Record, table
from tfcli.data.world.topics import Topic, relation

JOBS: tuple[Record, ...] = table(
    "name does tool place",
    """
面包师 | 烤面包 | 烤箱 | 面包房
老师 | 教孩子读书 | 粉笔 | 学校
医生 | 给病人看病 | 听诊器 | 医院
农民 | 种庄稼 | 锄头 | 田里
木匠 | 做桌椅 | 锯子 | 木工房
画家 | 画画 | 画笔 | 画室
裁缝 | 做衣服 | 针线 | 裁缝铺
渔夫 | 打鱼 | 渔网 | 船上
理发师 | 给人剪头发 | 剪刀 | 理发店
园丁 | 照料花草 | 铲子 | 花园
厨师 | 做菜 | 锅铲 | 厨房
邮递员 | 送信 | 自行车 | 邮局
飞行员 | 开飞机 | 仪表 | 机场
铁匠 | 打铁 | 铁锤 | 铁匠铺
作家 | 写书 | 钢笔 | 书房
牧羊人 | 放羊 | 鞭子 | 草原
消防员 | 灭火 | 水枪 | 消防站
护士 | 照顾病人 | 体温计 | 医院
音乐家 | 演奏音乐 | 小提琴 | 音乐厅
司机 | 开车 | 方向盘 | 路上
水手 | 驾船出海 | 指南针 | 海上
法官 | 审理案子 | 法槌 | 法院
图书管理员 | 借书给大家 | 书单 | 图书馆
钟表匠 | 修钟表 | 小螺丝刀 | 钟表店
警察 | 抓小偷 | 警车 | 警察局
""",
)

_JOB = relation("""
= say
{x.does}的人是{x}。
{x.does}的人叫{x}。
{x.does}的人叫做{x}。
专门{x.does}的人[就是|叫]{x}。
以{x.does}为职业的人，就是{x}。
= scene
一位{x}正在{x.does}。
[昨天|今天早上|刚才]，{x}又在{x.does}。
= then
每天都要{x.does}的，就是{x}。
= ask
谁{x.does}？
{x.does}的人叫什么？
= reply
是{x}。
叫{x}。
{x.does}的人叫{x}。
= also
那谁{x.does}？
那么{x.does}的人呢？
""")

_DOES = relation("""
= say
{x}就是{x.does}的人。
{x}的工作是{x.does}。
{x}每天都要{x.does}。
[我们街上|我们村里|城里]的{x}天天{x.does}。
我的[叔叔|邻居|舅舅]是{x}，[每天|整天|一大早就]{x.does}。
= then
这样的人天天{x.does}。
这份工作就是{x.does}。
= ask
{x}做什么工作？
{x}每天做什么？
= reply
{x}{x.does}。
{x}的工作是{x.does}。
= also
那{x}做什么？
""")

_TOOL = relation("""
= say
{x}用{x.tool}工作。
{x}离不开{x.tool}。
没有{x.tool}，{x}就没法工作。
{x}的工具是{x.tool}。
{x}在{x.place}工作。
在{x.place}可以遇到{x}。
= scene
{x}在{x.place}忙了[一整天|一上午|很久]。
= then
{x}在{x.place}工作，要用{x.tool}。
= ask
{x}在哪里工作，用什么工作？
{x}怎样工作？
= reply
{x}在{x.place}工作，用的是{x.tool}。
在{x.place}，用{x.tool}。
= also
那{x}呢？
""")

JOB_TOPIC = Topic(
    "work",
    JOBS,
    (_JOB, _JOB, _DOES, _TOOL),
    subject="人们的工作",
    often=("医生", "老师"),
    intros=(
        "[我们镇上|我们村里]，人人都有自己的工作。",
        "你长大以后想做什么？",
        "天亮了，大家都去上班了。",
        "{c}想知道这些人是做什么的。",
    ),
)

MATERIALS: tuple[Record, ...] = table(
    "name m stuff use",
    """
桌子 | 张 | 木头 | 吃饭
椅子 | 把 | 木头 | 坐
窗户 | 扇 | 玻璃 | 看风景
瓶子 | 个 | 玻璃 | 装水
菜刀 | 把 | 钢 | 切菜
面包 | 个 | 面粉 | 当早饭
豆腐 | 块 | 黄豆 | 做菜
毛衣 | 件 | 羊毛 | 保暖
皮鞋 | 双 | 皮革 | 走路
轮胎 | 个 | 橡胶 | 开车
砖 | 块 | 泥土 | 盖房子
蜡烛 | 支 | 蜡 | 照明
奶酪 | 块 | 牛奶 | 当点心
戒指 | 枚 | 黄金 | 戴在手上
石狮子 | 座 | 石头 | 守大门
衬衫 | 件 | 棉布 | 夏天穿
雪人 | 个 | 雪 | 逗大家笑
钉子 | 枚 | 铁 | 钉木板
旗袍 | 件 | 丝绸 | 过节穿
筷子 | 双 | 竹子 | 夹菜
纸 | 张 | 木浆 | 写字
大桥 | 座 | 钢铁 | 过河
""",
)

_MATERIAL = relation("""
= say
{x}是用{x.stuff}做的。
{x}一般用{x.stuff}做成。
做{x}要用{x.stuff}。
用{x.stuff}可以做{x}。
这{x.m}{x}是用[最好的|上等的|]{x.stuff}做的，用来{x.use}。
人们用{x.stuff}做{x}。
{x}可以用来{x.use}。
没有{x.stuff}，就没有{x}。
= then
它可以用来{x.use}。
它是用{x.stuff}做的。
= ask
{x}是用什么做的？
做{x}要用什么？
= reply
{x.stuff}。
{x}是用{x.stuff}做的。
= also
那{x}呢？
""")

MATERIAL_TOPIC = Topic(
    "materials",
    MATERIALS,
    (_MATERIAL,),
    subject="东西的材料",
    intros=(
        "看看身边，每样东西都是用什么做成的。",
        "{c}把屋里的东西一样一样摸了一遍。",
        "作坊里有很多种材料。",
    ),
)
