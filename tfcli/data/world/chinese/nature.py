"""动物和颜色。"""

from tfcli.data.world.grammar import Record, table
from tfcli.data.world.topics import Topic, relation

# m: 量词；call: 叫声；baby: 幼崽的说法。
ANIMALS: tuple[Record, ...] = table(
    "name m call baby home food",
    """
狗 | 只 | 汪汪 | 小狗 | 狗窝 | 骨头
猫 | 只 | 喵喵 | 小猫 | 篮子 | 鱼
牛 | 头 | 哞哞 | 小牛 | 牛棚 | 青草
羊 | 只 | 咩咩 | 羊羔 | 羊圈 | 青草
马 | 匹 | 咴咴 | 小马驹 | 马棚 | 干草
猪 | 头 | 哼哼 | 小猪 | 猪圈 | 萝卜
鸡 | 只 | 咯咯 | 小鸡 | 鸡窝 | 玉米
鸭子 | 只 | 嘎嘎 | 小鸭 | 池塘 | 水草
老虎 | 只 | - | 虎崽 | 山林 | 肉
狮子 | 头 | - | 小狮子 | 草原 | 肉
狼 | 只 | 嗷嗷 | 狼崽 | 森林 | 肉
熊 | 头 | - | 小熊 | 山洞 | 蜂蜜
熊猫 | 只 | - | 熊猫宝宝 | 竹林 | 竹子
兔子 | 只 | - | 小兔 | 地洞 | 胡萝卜
老鼠 | 只 | 吱吱 | 小老鼠 | 墙洞 | 奶酪
青蛙 | 只 | 呱呱 | 蝌蚪 | 池塘 | 虫子
蜜蜂 | 只 | 嗡嗡 | - | 蜂巢 | 花蜜
小鸟 | 只 | 叽叽喳喳 | 雏鸟 | 鸟巢 | 虫子
松鼠 | 只 | - | - | 树洞 | 松子
猴子 | 只 | - | 小猴 | 树林 | 香蕉
大象 | 头 | - | 小象 | 草原 | 树叶
长颈鹿 | 只 | - | - | 草原 | 树叶
猫头鹰 | 只 | 咕咕 | - | 树洞 | 田鼠
蜘蛛 | 只 | - | - | 蜘蛛网 | 苍蝇
蚕 | 条 | - | - | 竹匾 | 桑叶
企鹅 | 只 | - | 小企鹅 | 冰原 | 小鱼
袋鼠 | 只 | - | 小袋鼠 | 草地 | 青草
蛇 | 条 | 嘶嘶 | - | 石缝 | 田鼠
""",
)

_SOUND = relation(
    """
= say
{x}的叫声是“{x.call}”。
{x}叫起来是“{x.call}”的声音。
{x}“{x.call}”地叫。
听见“{x.call}”的声音，就知道有{x}。
[饿|高兴|害怕]的时候，{x}会“{x.call}”地叫。
= scene
“{x.call}，{x.call}”，[远处|早上|夜里]传来{x}的叫声。
= then
它的叫声是“{x.call}”。
它“{x.call}”地叫。
= ask
{x}怎么叫？
{x}的叫声是什么样的？
= reply
{x}的叫声是“{x.call}”。
{x.call}。
= also
那{x}呢？
那{x}怎么叫？
""",
    needs="call",
)

_BABY = relation(
    """
= say
{x}的孩子叫{x.baby}。
{x}的宝宝是{x.baby}。
{x.baby}长大了，就成了一{x.m}{x}。
每{x.m}{x}从前都是{x.baby}。
= scene
{x}妈妈[守着|在找|叫着]它的{x.baby}。
我们在画上看见一{x.m}{x}，旁边是它的{x.baby}。
= then
它的孩子叫{x.baby}。
它的宝宝是{x.baby}。
= ask
{x}的孩子叫什么？
{x}的宝宝怎么称呼？
= reply
{x}的孩子叫{x.baby}。
叫{x.baby}。
= also
那{x}呢？
""",
    needs="baby",
)

_HOME = relation("""
= say
{x}住在{x.home}里。
{x}的家是{x.home}。
{x}的家在{x.home}里。
晚上，{x}回到{x.home}里睡觉。
在{x.home}里可以找到{x}。
待在{x.home}里，{x}觉得很安全。
= scene
一{x.m}{x}正在{x.home}里休息。
= then
它住在{x.home}里。
它的家是{x.home}。
= ask
{x}住在哪里？
{x}的家在哪里？
= reply
{x}住在{x.home}里。
在{x.home}里。
= also
那{x}呢？
那{x}住在哪里？
""")

_FOOD = relation("""
= say
{x}最爱吃的是{x.food}。
{x}最爱吃{x.food}。
{x}爱吃{x.food}。
{x}喜欢吃{x.food}。
{x}的食物是{x.food}。
{x}最喜欢的食物是{x.food}。
{x}每天都要吃{x.food}。
想让{x}高兴，就给它{x.food}。
对{x}来说，什么也比不上{x.food}。
= scene
{x}饿了，[到处找|想吃|吃了一些]{x.food}。
一{x.m}{x}在[安静地|高兴地|慢慢地]吃{x.food}。
= then
它爱吃{x.food}。
它最喜欢的食物是{x.food}。
= ask
{x}吃什么？
{x}爱吃什么？
{x}最喜欢吃什么？
= reply
{x}爱吃{x.food}。
{x.food}。
{x}最喜欢吃{x.food}。
= also
那{x}呢？
那{x}吃什么？
""")

ANIMAL_TOPIC = Topic(
    "animals",
    ANIMALS,
    (_SOUND, _BABY, _HOME, _FOOD, _FOOD),
    subject="动物",
    often=("熊猫", "猫"),
    intros=(
        "世界上有[许多|各种各样的]动物，每一种都不一样。",
        "跟我们去[农场|动物园|森林]看看、听听吧。",
        "{c}很喜欢动物，每天都要[画|看]它们。",
        "动物书里，每一页都有一种动物。",
    ),
)

COLOURS: tuple[Record, ...] = table(
    "name m colour where",
    """
香蕉 | 根 | 黄色 | 果盘里
柠檬 | 个 | 黄色 | 厨房桌上
向日葵 | 朵 | 黄色 | 田里
草莓 | 颗 | 红色 | 园子里
西红柿 | 个 | 红色 | 盘子里
樱桃 | 颗 | 红色 | 树上
消防车 | 辆 | 红色 | 街上
灯笼 | 个 | 红色 | 门前
黄瓜 | 根 | 绿色 | 菜篮里
树叶 | 片 | 绿色 | 树枝上
青蛙 | 只 | 绿色 | 池塘边
小草 | 棵 | 绿色 | 路边
胡萝卜 | 根 | 橙色 | 汤里
橘子 | 个 | 橙色 | 篮子里
南瓜 | 个 | 橙色 | 门口
雪花 | 片 | 白色 | 空中
天鹅 | 只 | 白色 | 湖上
牛奶 | 杯 | 白色 | 杯子里
雪人 | 个 | 白色 | 院子里
乌鸦 | 只 | 黑色 | 屋顶上
煤 | 块 | 黑色 | 炉子旁
墨水 | 瓶 | 黑色 | 书桌上
大象 | 头 | 灰色 | 动物园里
老鼠 | 只 | 灰色 | 墙角
桃花 | 朵 | 粉色 | 枝头
小猪 | 头 | 粉色 | 猪圈里
晴朗的天空 | 片 | 蓝色 | 头顶上
大海 | 片 | 蓝色 | 远处
葡萄 | 串 | 紫色 | 架子上
茄子 | 个 | 紫色 | 菜地里
""",
)

_COLOUR = relation("""
= say
{x}的颜色是{x.colour}。
{x}是{x.colour}的。
{x}的颜色一般是{x.colour}。
{x}看上去是{x.colour}的。
大家都说{x}是{x.colour}的。
{x}是{x.colour}的，{y}是{y.colour}的。
说到{x.colour}，我就想到{x}。
= scene
{x.where}的{x}是{x.colour}的。
{c}画了一{x.m}{x}，涂的是{x.colour}。
{c}拿起{x.colour}的[笔|颜料]，画了一{x.m}{x}。
{c.his}[帽子|围巾|毛衣|外套]像{x}一样，是{x.colour}的。
= then
它是{x.colour}的。
它的颜色是{x.colour}。
= ask
{x}是什么颜色的？
{x}的颜色是什么？
{x}是哪种颜色？
= reply
{x.colour}。
{x}是{x.colour}的。
是{x.colour}的。
= also
那{x}呢？
那{x}是什么颜色？
""")

COLOUR_TOPIC = Topic(
    "colours",
    COLOURS,
    (_COLOUR,),
    subject="颜色",
    often=("香蕉", "草莓"),
    intros=(
        "世界上到处都有颜色。",
        "{c}打开了一盒新颜料。",
        "我们玩一个游戏：一个人说东西，别人说颜色。",
        "要是没有颜色，世界就太单调了。",
    ),
)
