"""故事里的人和东西，以及怎样讲一个故事。"""

from tfcli.data.world.cast import different_people
from tfcli.data.world.chinese.geography import COUNTRIES
from tfcli.data.world.chinese.stories_home import HOME_PLOTS
from tfcli.data.world.chinese.stories_out import OUTDOOR_PLOTS
from tfcli.data.world.chinese.words import BOYS, GIRLS
from tfcli.data.world.grammar import table
from tfcli.data.world.plots import tell
from tfcli.data.world.scribe import Scribe

# m: 量词。
_TOYS = table(
    "name m",
    """
风筝 | 只
皮球 | 个
小鼓 | 面
木船 | 只
帽子 | 顶
围巾 | 条
哨子 | 个
布熊 | 只
布娃娃 | 个
灯笼 | 盏
陀螺 | 个
铃铛 | 个
书包 | 个
雨伞 | 把
""",
)
_PETS = ["小狗", "小猫", "小兔", "山羊", "鹦鹉", "毛驴", "母鸡", "小马"]
_PLACES = [
    "老桥边",
    "河边",
    "公园",
    "集市",
    "操场",
    "树林边",
    "磨坊",
    "港口",
    "大橡树下",
    "校门口",
    "湖边",
    "车站",
]
_COLOURS = ["红色", "蓝色", "绿色", "黄色", "白色", "黑色", "棕色", "金色", "紫色", "橙色"]
_BIG = ["狮子", "熊", "狼", "老虎"]
_LITTLE = ["老鼠", "兔子", "青蛙", "小鸟", "刺猬"]


def story(scribe: Scribe) -> str:
    """A story of several sentences about a child, a friend, a thing, an animal and a place."""
    dice = scribe.dice
    hero, friend = different_people(dice, BOYS, GIRLS, 2)
    return tell(
        scribe,
        dice.pick(HOME_PLOTS + OUTDOOR_PLOTS),
        h=hero,
        f=friend,
        they="她们" if hero.he == friend.he == "她" else "他们",
        toy=dice.pick(_TOYS),
        col=dice.pick(_COLOURS),
        pet=dice.pick(_PETS),
        place=dice.pick(_PLACES),
        city=str(dice.pick(COUNTRIES).capital),
        king=dice.pick(("国王", "王后")),
        big=dice.pick(_BIG),
        little=dice.pick(_LITTLE),
    )
