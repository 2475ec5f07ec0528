"""反义词、日历和简单的加法。"""

from tfcli.data.world.grammar import Record
from tfcli.data.world.topics import Topic, relation

_PAIRS = """
大 小|冷 热|高 矮|长 短|快 慢|多 少|新 旧|胖 瘦|黑 白|轻 重|远 近|厚 薄|宽 窄|深 浅
软 硬|甜 苦|香 臭|早 晚|好 坏|真 假|老 少|干 湿|强 弱|上 下|左 右|前 后|里 外|开 关
高兴 难过|干净 肮脏|安静 吵闹|安全 危险|勇敢 胆小|容易 困难|聪明 愚蠢|富有 贫穷|温暖 寒冷
"""
_SKIPPED = {"老 少"}

OPPOSITES: tuple[Record, ...] = tuple(
    Record(name=a, other=b)
    for line in _PAIRS.strip().splitlines()
    for pair in line.split("|")
    if pair not in _SKIPPED
    for first, second in [pair.split()]
    for a, b in ((first, second), (second, first))
)

_OPPOSITE = relation("""
= say
{x}的反义词是{x.other}。
{x}的反义词就是{x.other}。
{x}和{x.other}是一对反义词。
与{x}相反的词是{x.other}。
跟{x}意思相反的是{x.other}。
“{x}”的反义词是“{x.other}”。
{x}的反面是{x.other}。
{x}的反义词，[当然是|就是|应该是]{x.other}。
{x}反过来就是{x.other}。
= scene
不是{x}，就是{x.other}。
{c}说{x}，{d}就说它的反义词{x.other}。
{x}对{x.other}，{y}对{y.other}。
一个{x}，一个{x.other}，正好相反。
= ask
{x}的反义词是什么？
跟{x}相反的词是什么？
哪个词和{x}的意思相反？
= reply
{x.other}。
{x}的反义词是{x.other}。
是{x.other}。
= also
那{x}呢？
{x}的呢？
""")

OPPOSITE_TOPIC = Topic(
    "opposites",
    OPPOSITES,
    (_OPPOSITE,),
    subject="反义词",
    often=("大", "小", "冷", "热"),
    intros=(
        "很多词都有一个意思相反的伙伴。",
        "我们来玩反义词游戏：一个人说一个词，另一个人说相反的词。",
        "{c}和{d}最爱玩反义词游戏。",
        "词也是成双成对的，就像鞋子一样。",
    ),
)

_DAYS = ["星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"]
_MONTHS = [
    "一月",
    "二月",
    "三月",
    "四月",
    "五月",
    "六月",
    "七月",
    "八月",
    "九月",
    "十月",
    "十一月",
    "十二月",
]
_SEASONS = ["春天", "夏天", "秋天", "冬天"]


def _ring(names: list[str], kind: str, unit: str) -> list[Record]:
    n = len(names)
    return [
        Record(name=name, after=names[(i + 1) % n], before=names[(i - 1) % n], kind=kind, unit=unit)
        for i, name in enumerate(names)
    ]


CALENDAR: tuple[Record, ...] = tuple(
    _ring(_DAYS, "天", "天") * 2 + _ring(_MONTHS, "个月", "月") + _ring(_SEASONS, "个季节", "季")
)

_AFTER = relation("""
= say
{x}的后一{x.kind}是{x.after}。
{x}后面是{x.after}。
{x}过后是{x.after}。
{x}过完了，就是{x.after}。
{x}的下一{x.kind}是{x.after}。
如果这一{x.kind}是{x}，那么下一{x.kind}就是{x.after}。
{x}之后[就|]是{x.after}。
{x}在{x.after}前面。
{x.after}紧跟着{x}。
{x.before}和{x.after}之间是{x}。
= scene
先有{x}，再有{x.after}。
忙完了{x}，我们迎来了{x.after}。
= then
接下来是{x.after}。
它后面是{x.after}。
= ask
{x}后面是什么？
{x}的后一{x.kind}是什么？
{x}之后是什么？
= reply
{x.after}。
{x}后面是{x.after}。
是{x.after}。
= also
那{x}呢？
{x}后面呢？
""")

_BEFORE = relation("""
= say
{x}的前一{x.kind}是{x.before}。
{x}前面是{x.before}。
{x}之前是{x.before}。
= ask
{x}前面是什么？
{x}之前是什么？
= reply
{x.before}。
{x}前面是{x.before}。
= also
那{x}前面呢？
""")

CALENDAR_TOPIC = Topic(
    "calendar",
    CALENDAR,
    (_AFTER, _AFTER, _AFTER, _BEFORE),
    subject="日子和月份",
    often=("星期一", "星期五"),
    intros=(
        "一个星期有七天，一年有十二个月、四个季节。",
        "{c}的墙上挂着一本新日历。",
        "时间像轮子一样转个不停。",
        "小朋友们正在学习星期和月份。",
    ),
)

NUMBERS = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二"]

SUMS: tuple[Record, ...] = tuple(
    Record(
        name=f"{NUMBERS[a]}加{NUMBERS[b]}",
        a=NUMBERS[a],
        b=NUMBERS[b],
        sum=NUMBERS[a + b],
        many="两" if a == 2 else NUMBERS[a],
        more="两" if b == 2 else NUMBERS[b],
        total="两" if a + b == 2 else NUMBERS[a + b],
    )
    for total in range(2, 8)
    for a in range(1, total)
    for b in (total - a,)
)

_SUM = relation("""
= say
{x.a}加{x.b}等于{x.sum}。
{x.a}加{x.b}是{x.sum}。
{x.a}加上{x.b}等于{x.sum}。
{x.a}加上{x.b}，[一共|正好|得数]是{x.sum}。
{x.a}与{x.b}的和是{x.sum}。
{x.sum}等于{x.a}加{x.b}。
{x.many}个[苹果|鸡蛋|橘子|气球]再添{x.more}个，就有{x.total}个。
= scene
{c}有{x.many}本书，{d}又给了{c.him}{x.more}本，一共有{x.total}本。
{c}有{x.many}支笔，{d}又给了{c.him}{x.more}支，一共有{x.total}支。
{c}有{x.many}颗糖，{d}又给了{c.him}{x.more}颗，一共有{x.total}颗。
从{x.sum}里拿走{x.b}，还剩{x.a}。
= ask
{x.a}加{x.b}等于几？
{x.a}加{x.b}是多少？
{x.a}与{x.b}的和是多少？
= reply
{x.sum}。
{x.a}加{x.b}等于{x.sum}。
等于{x.sum}。
= also
那{x.a}加{x.b}呢？
""")

SUM_TOPIC = Topic(
    "sums",
    SUMS,
    (_SUM,),
    subject="加法",
    often=("二加三",),
    intros=(
        "我们来做几道加法题。",
        "{c}正在学加法。",
        "这些题用十个手指头就够了。",
        "数字可以像积木一样搭起来。",
    ),
)
