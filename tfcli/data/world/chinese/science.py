"""思想家、发明家、艺术家，以及他们留给世界的东西。"""

from tfcli.data.world.grammar import lines, table
from tfcli.data.world.topics import Topic, relation

# did: 提出、发现等动词；thing: 成就。
DISCOVERERS = table(
    "name full he thing did field born worker",
    """
爱因斯坦 | 阿尔伯特·爱因斯坦 | 他 | 相对论 | 提出 | 物理学 | 德国 | 物理学家
牛顿 | 艾萨克·牛顿 | 他 | 万有引力 | 发现 | 物理学 | 英国 | 物理学家
居里夫人 | 玛丽·居里 | 她 | 镭 | 发现 | 化学 | 波兰 | 化学家
达尔文 | 查尔斯·达尔文 | 他 | 进化论 | 提出 | 生物学 | 英国 | 生物学家
伽利略 | 伽利略·伽利莱 | 他 | 自由落体定律 | 发现 | 物理学 | 意大利 | 物理学家
弗莱明 | 亚历山大·弗莱明 | 他 | 青霉素 | 发现 | 医学 | 英国 | 医生
孟德尔 | 格雷戈尔·孟德尔 | 他 | 遗传定律 | 发现 | 生物学 | 奥地利 | 生物学家
门捷列夫 | 德米特里·门捷列夫 | 他 | 元素周期律 | 发现 | 化学 | 俄国 | 化学家
哥白尼 | 尼古拉·哥白尼 | 他 | 日心说 | 提出 | 天文学 | 波兰 | 天文学家
普朗克 | 马克斯·普朗克 | 他 | 量子论 | 提出 | 物理学 | 德国 | 物理学家
法拉第 | 迈克尔·法拉第 | 他 | 电磁感应 | 发现 | 物理学 | 英国 | 物理学家
哈维 | 威廉·哈维 | 他 | 血液循环 | 发现 | 医学 | 英国 | 医生
道尔顿 | 约翰·道尔顿 | 他 | 原子论 | 提出 | 化学 | 英国 | 化学家
屠呦呦 | 药学家屠呦呦 | 她 | 青蒿素 | 发现 | 医学 | 中国 | 药学家
阿基米德 | 古希腊的阿基米德 | 他 | 浮力定律 | 发现 | 物理学 | 希腊 | 数学家
""",
)
_INVENTORS = table(
    "name full he thing did born",
    """
爱迪生 | 托马斯·爱迪生 | 他 | 留声机 | 发明 | 美国
贝尔 | 亚历山大·贝尔 | 他 | 电话 | 发明 | 苏格兰
诺贝尔 | 阿尔弗雷德·诺贝尔 | 他 | 炸药 | 发明 | 瑞典
伏打 | 亚历山德罗·伏打 | 他 | 电池 | 发明 | 意大利
毕昇 | 宋代的毕昇 | 他 | 活字印刷术 | 发明 | 中国
蔡伦 | 东汉的蔡伦 | 他 | 造纸术 | 改进 | 中国
张衡 | 东汉的张衡 | 他 | 地动仪 | 发明 | 中国
瓦特 | 詹姆斯·瓦特 | 他 | 蒸汽机 | 改良 | 苏格兰
莫尔斯 | 塞缪尔·莫尔斯 | 他 | 电码 | 发明 | 美国
袁隆平 | 农学家袁隆平 | 他 | 杂交水稻 | 培育 | 中国
""",
)
_ARTISTS = table(
    "name he thing did born kind",
    """
莎士比亚 | 他 | 《哈姆雷特》 | 写 | 英国 | 剧作家
贝多芬 | 他 | 《命运交响曲》 | 谱写 | 德国 | 作曲家
达·芬奇 | 他 | 《蒙娜丽莎》 | 画 | 意大利 | 画家
曹雪芹 | 他 | 《红楼梦》 | 写 | 中国 | 小说家
吴承恩 | 他 | 《西游记》 | 写 | 中国 | 小说家
鲁迅 | 他 | 《狂人日记》 | 写 | 中国 | 作家
李白 | 他 | 《静夜思》 | 写 | 中国 | 诗人
安徒生 | 他 | 《海的女儿》 | 写 | 丹麦 | 作家
托尔斯泰 | 他 | 《战争与和平》 | 写 | 俄国 | 作家
齐白石 | 他 | 《虾》 | 画 | 中国 | 画家
""",
)

_DISCOVERED_BY = relation("""
= say
{x.did}{x.thing}的人是{x}。
{x.did}{x.thing}的人叫{x}。
{x.did}{x.thing}的人就是{x}。
{x.did}{x.thing}的[科学家|学者|{x.worker}]是{x}。
{x.thing}是{x}{x.did}的。
{x.thing}是由{x}{x.did}的。
最早{x.did}{x.thing}的是{x}。
最先{x.did}{x.thing}的[科学家|人]是{x}。
{x.thing}的{x.did}者是{x}。
一提到{x.thing}，人们就会想起{x}。
[我们今天知道|世界上能有]{x.thing}，要感谢{x}。
{x}{x.did}了{x.thing}。
{x.worker}{x}{x.did}了{x.thing}。
{x}因为{x.did}{x.thing}而[出名|闻名世界]。
来自{x.born}的{x}{x.did}了{x.thing}。
{x}用{x.thing}改变了{x.field}。
自从{x}{x.did}了{x.thing}，人们看世界的眼光就不一样了。
{x.full}{x.did}了{x.thing}。
= then
{x.he}{x.did}了{x.thing}。
{x.he}最大的成就是{x.did}了{x.thing}。
{x.thing}就是{x.he}{x.did}的。
= ask
谁{x.did}了{x.thing}？
{x.thing}是谁{x.did}的？
{x.did}{x.thing}的科学家叫什么名字？
= reply
{x}。
{x}{x.did}了{x.thing}。
{x.thing}是{x}{x.did}的。
= also
那{x.thing}呢？
{x.thing}又是谁{x.did}的？
""")

_FIELD = relation("""
= say
{x}是[伟大|有名|著名]的{x.worker}。
{x}是一位{x.worker}，一生热爱{x.field}。
{x}把一生献给了{x.field}。
没有{x}，{x.field}就不会是今天的样子。
学{x.field}的学生都知道{x}的名字。
= then
{x.he}是一位{x.worker}。
{x.he}研究的是{x.field}。
{x.he}工作了很多年，{x.field}就是{x.he}的生命。
= ask
{x}是谁？
{x}是做什么的？
= reply
{x}是来自{x.born}的{x.worker}。
{x}是一位{x.worker}，研究{x.field}。
= also
那{x}呢？
{x}又是谁？
""")

_BORN = relation("""
= say
{x}来自{x.born}。
{x}出生在{x.born}。
[伟大|著名]的{x.worker}{x}出生在{x.born}。
{x.born}是{x}的祖国。
{x}是{x.born}的{x.worker}。
= then
{x.he}出生在{x.born}。
{x.he}来自{x.born}。
= ask
{x}出生在哪里？
{x}是哪国人？
= reply
{x}出生在{x.born}。
{x}来自{x.born}。
= also
{x}又出生在哪里？
""")

_INVENTED_BY = relation("""
= say
{x.did}{x.thing}的人是{x}。
{x.did}{x.thing}的人叫{x}。
{x.thing}是{x}{x.did}的。
一提到{x.thing}，人们就会想起{x}。
{x}{x.did}了{x.thing}。
{x}试了很多次，终于{x.did}了{x.thing}。
{x}因为{x.did}{x.thing}而出名。
来自{x.born}的{x}{x.did}了{x.thing}。
有了{x.thing}，生活方便多了，这要感谢{x}。
= then
{x.he}{x.did}了{x.thing}。
{x.he}来自{x.born}。
= ask
谁{x.did}了{x.thing}？
{x.thing}是谁{x.did}的？
= reply
{x}{x.did}了{x.thing}。
{x.thing}是{x}{x.did}的。
= also
那{x.thing}呢？
{x.thing}又是谁{x.did}的？
""")

_MADE_BY = relation("""
= say
{x.thing}是{x}{x.did}的。
{x.kind}{x}{x.did}了{x.thing}。
{x}最有名的作品是{x.thing}。
{x.did}{x.thing}的人是{x}。
来自{x.born}的{x.kind}{x}{x.did}了{x.thing}。
我最喜欢的作品是{x}的{x.thing}。
说到{x.thing}，就不能不说{x}。
= then
{x.he}{x.did}了{x.thing}。
{x.he}来自{x.born}。
{x.he}是一位了不起的{x.kind}。
= ask
{x.thing}是谁{x.did}的？
谁{x.did}了{x.thing}？
= reply
{x.thing}是{x}{x.did}的。
{x}{x.did}了{x.thing}。
= also
那{x.thing}呢？
""")

_EINSTEIN = relation("""
= say
到目前为止，最聪明的思想家[无疑|当然|大概]是爱因斯坦，因为他的相对论[彻底|完全]改变了物理学。
[很多人说|有人说|人们常说]，最聪明的思想家是爱因斯坦，他[彻底|完全]改变了物理学。
爱因斯坦用相对论[彻底|完全|深深地]改变了物理学。
爱因斯坦思考光、空间和时间，他的相对论改变了物理学。
有了爱因斯坦和相对论，物理学就再也不一样了。
很少有人像爱因斯坦那样[深深地|彻底]改变物理学。
爱因斯坦会拉小提琴，[可他最爱的|不过他心里想的]还是物理学。
爱因斯坦小时候[话不多|爱想问题]，长大后却改变了物理学。
= then
他改变了物理学。
他思考光、空间和时间。
[晚上|累了的时候|有空的时候]，他喜欢拉小提琴。
= ask
谁是最聪明的思想家？
是谁彻底改变了物理学？
= reply
很多人说是爱因斯坦，因为他提出了相对论。
是爱因斯坦，他用相对论改变了物理学。
""")

_INTROS = lines("""
[有些名字|这些名字]，每个人都应该知道。
每一个伟大的想法背后，都有一个人。
我们每天用的东西，从前都是新的。
让我们记住这些改变世界的人。
[教室|图书馆]的墙上，挂着许多伟人的画像。
""")

DISCOVERIES = Topic(
    "discoveries",
    DISCOVERERS,
    (_DISCOVERED_BY, _DISCOVERED_BY, _DISCOVERED_BY, _DISCOVERED_BY, _FIELD, _BORN),
    subject="伟大的发现",
    often=("爱因斯坦", "牛顿", "居里夫人"),
    intros=_INTROS,
)
INVENTIONS = Topic("inventions", _INVENTORS, (_INVENTED_BY,), subject="伟大的发明", intros=_INTROS)
ARTS = Topic("arts", _ARTISTS, (_MADE_BY,), subject="书、音乐和画", intros=_INTROS)
EINSTEIN = Topic(
    "einstein",
    DISCOVERERS[:1],
    (_EINSTEIN, _EINSTEIN, _FIELD, _BORN, _DISCOVERED_BY),
    subject="爱因斯坦",
)
