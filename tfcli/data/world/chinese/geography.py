"""国家：首都、语言、货币、美食、河流、名胜。"""

from tfcli.data.world.grammar import Record, table
from tfcli.data.world.topics import Topic, relation

_ROWS = table(
    "name capital language currency continent river sight food friend",
    """
法国 | 巴黎 | 法语 | 欧元 | 欧洲 | 塞纳河 | 埃菲尔铁塔 | 面包和奶酪 | 皮埃尔 / 克莱尔
日本 | 东京 | 日语 | 日元 | 亚洲 | 隅田川 | 富士山 | 寿司 | 健二 / 由纪
中国 | 北京 | 汉语 | 人民币 | 亚洲 | 长江 | 长城 | 饺子 | 李伟 / 王梅
意大利 | 罗马 | 意大利语 | 欧元 | 欧洲 | 台伯河 | 斗兽场 | 比萨饼 | 马可 / 朱莉
西班牙 | 马德里 | 西班牙语 | 欧元 | 欧洲 | 埃布罗河 | 普拉多博物馆 | 海鲜饭 | 巴勃罗 / 卡门
德国 | 柏林 | 德语 | 欧元 | 欧洲 | 莱茵河 | 勃兰登堡门 | 香肠 | 汉斯 / 格蕾塔
英国 | 伦敦 | 英语 | 英镑 | 欧洲 | 泰晤士河 | 大本钟 | 炸鱼薯条 | 奥利弗 / 艾米丽
俄罗斯 | 莫斯科 | 俄语 | 卢布 | 欧洲和亚洲 | 伏尔加河 | 红场 | 红菜汤 | 伊万 / 奥莉加
埃及 | 开罗 | 阿拉伯语 | 埃及镑 | 非洲 | 尼罗河 | 金字塔 | 大饼和豆子 | 奥马尔 / 莱拉
希腊 | 雅典 | 希腊语 | 欧元 | 欧洲 | - | 卫城 | 橄榄和白奶酪 | 尼科斯 / 埃莱妮
葡萄牙 | 里斯本 | 葡萄牙语 | 欧元 | 欧洲 | 特茹河 | 贝伦塔 | 蛋挞 | 鲁伊 / 伊内斯
波兰 | 华沙 | 波兰语 | 兹罗提 | 欧洲 | 维斯瓦河 | 老城广场 | 白菜汤 | 马雷克 / 佐菲娅
瑞典 | 斯德哥尔摩 | 瑞典语 | 瑞典克朗 | 欧洲 | - | 瓦萨沉船 | 肉丸 | 拉尔斯 / 阿斯特丽德
挪威 | 奥斯陆 | 挪威语 | 挪威克朗 | 欧洲 | - | 峡湾 | 熏鱼 | 奥拉夫 / 英格丽德
芬兰 | 赫尔辛基 | 芬兰语 | 欧元 | 欧洲 | - | 湖泊和森林 | 黑麦面包 | 米科 / 艾诺
奥地利 | 维也纳 | 德语 | 欧元 | 欧洲 | 多瑙河 | 金色大厅 | 苹果卷 | 弗朗茨 / 莱娜
匈牙利 | 布达佩斯 | 匈牙利语 | 福林 | 欧洲 | 多瑙河 | 链子桥 | 炖牛肉 | 拉斯洛 / 伊洛娜
爱尔兰 | 都柏林 | 英语 | 欧元 | 欧洲 | 利菲河 | 莫赫悬崖 | 土豆炖肉 | 肖恩 / 梅芙
土耳其 | 安卡拉 | 土耳其语 | 里拉 | 欧洲和亚洲 | - | 大集市 | 烤肉 | 埃姆雷 / 蕾拉
泰国 | 曼谷 | 泰语 | 泰铢 | 亚洲 | 湄南河 | 大皇宫 | 冬阴功汤 | 颂猜 / 玛丽
越南 | 河内 | 越南语 | 越南盾 | 亚洲 | 湄公河 | 下龙湾 | 河粉 | 阿明 / 阿兰
印度 | 新德里 | 印地语 | 卢比 | 亚洲 | 恒河 | 泰姬陵 | 咖喱饭 | 阿琼 / 普里娅
肯尼亚 | 内罗毕 | 斯瓦希里语 | 先令 | 非洲 | 塔纳河 | 野生狮群 | 玉米和豆子 | 朱马 / 阿米娜
古巴 | 哈瓦那 | 西班牙语 | 比索 | 北美洲 | - | 海边的老城 | 黑豆米饭 | 卡洛斯 / 罗莎
秘鲁 | 利马 | 西班牙语 | 索尔 | 南美洲 | 亚马孙河 | 马丘比丘 | 土豆 | 迭戈 / 露西娅
加拿大 | 渥太华 | 英语 | 加元 | 北美洲 | 马更些河 | 尼亚加拉瀑布 | 枫糖 | 杰克 / 索菲
澳大利亚 | 堪培拉 | 英语 | 澳元 | 大洋洲 | 墨累河 | 大堡礁 | 肉馅饼 | 布鲁斯 / 玛蒂尔达
""",
)


def _with_place(row: Record) -> Record:
    return row.extended(place=(row.label, str(row.capital)))


COUNTRIES: tuple[Record, ...] = tuple(_with_place(row) for row in _ROWS)

_CAPITAL = relation("""
= say
{x}的首都是{x.capital}。
{x}的首都叫{x.capital}。
{x}的首都叫做{x.capital}，{city_line}。
{x}的首都就是{x.capital}。
{x}的首都，[当然|不用说|大家都知道]，是{x.capital}。
{x}这个国家的首都是{x.capital}。
在{x}，首都是{x.capital}。
{x}是{x.continent}的一个国家，首都是{x.capital}。
{x}把{x.capital}定为首都。
{x}的首都名叫{x.capital}。
{x}的政府设在{x.capital}。
去{x}旅行，一定要看看它的首都{x.capital}。
每年都有[很多人|成千上万的人]去{x}，游览首都{x.capital}。
{x.capital}是{x}的首都。
{x.capital}是{x}的首都，{city_line}。
作为{x}的首都，{x.capital}[很大|很热闹|很美|历史很长]。
说到{x}的首都，大家马上想到{x.capital}。
{x}的首都不是{y.capital}，而是{x.capital}。
= then
它的首都是{x.capital}。
首都是{x.capital}，{city_line}。
它的首都叫{x.capital}。
这个国家的首都是{x.capital}。
= ask
{x}的首都是哪里？
{x}的首都是哪座城市？
{x}的首都叫什么？
哪座城市是{x}的首都？
{x}的首都在哪儿？
= reply
{x.capital}。
是{x.capital}。
{x}的首都是{x.capital}。
{x}的首都叫{x.capital}。
= also
那{x}呢？
{x}的呢？
那么{x}的首都呢？
""")

_CAPITAL_OF = relation("""
= say
{x.capital}是{x}的首都。
{x.capital}在{x}。
{x.capital}位于{x}。
到了{x.capital}，就到了{x}。
{x.capital}对{x}来说，就像{y.capital}对{y}一样重要。
= ask
{x.capital}在哪个国家？
{x.capital}是哪个国家的首都？
哪个国家的首都是{x.capital}？
= reply
{x.capital}在{x}。
{x.capital}是{x}的首都。
{x}。
= also
那{x.capital}呢？
""")

_LANGUAGE = relation("""
= say
{x.place}人说{x.language}。
在{x.place}，人们说{x.language}。
在{x.place}，大多数人说{x.language}。
{x}的语言是{x.language}。
走在{x.place}的街上，到处都能听到{x.language}。
{x.place}的路牌上写的是{x.language}。
{x.place}的孩子在学校里学习{x.language}。
想去{x.place}生活，最好先学{x.language}。
表姐搬到{x.place}以前，上过{x.language}课。
{x.friend}来自{x.place}，说一口[好听的|流利的|]{x.language}。
= then
那里的人说{x.language}。
人们在那里说{x.language}。
它的语言是{x.language}。
= ask
{x.place}人说什么语言？
在{x.place}，人们说什么语言？
{x}的语言是什么？
= reply
他们说{x.language}。
{x}人说{x.language}。
{x.language}。
= also
那{x}呢？
{x}人说什么呢？
""")

_PLACE = relation("""
= say
在{x.place}，买东西要用{x.currency}。
在{x.place}，[很多人爱吃|最受欢迎的是|可以吃到地道的]{x.food}。
{x.place}的商店只收{x.currency}。
= scene
我的{x}朋友{x.friend}住在{x.place}。
{x.friend}生在{x.place}，长在{x.place}。
我们坐飞机去{x.place}，吃到了{x.food}。
他从{x.place}寄来一张{x.sight}的明信片。
去{x.place}的时候，我们看了{x.sight}，还吃了{x.food}。
在{x.place}的一家小咖啡馆里，{x.friend}正在看{x.language}报纸。
{x.friend}回到{x.place}，身边的人都说{x.language}。
她从{x.place}带回来一个会说{x.language}的娃娃。
在{x.place}，{x.friend}请我们吃{x.food}。
来自{x.place}的{x.friend}教我唱了一首{x.language}歌。
{x.friend}说，他最想念{x.place}的{x.food}。
= then
在那里买东西要用{x.currency}。
那里的人爱吃{x.food}。
我的朋友{x.friend}就住在那里。
游客都要去看看{x.sight}。
= ask
去{x}能吃到什么、看到什么？
去{x.place}旅行，有什么好吃好看的？
= reply
可以吃到{x.food}，还能看到{x.sight}。
可以先去看{x.sight}，再尝尝{x.food}。
= also
那{x}呢？
""")

_CONTINENT = relation("""
= say
{x}位于{x.continent}。
{x}是{x.continent}的国家。
在{x.continent}的地图上可以找到{x}。
{x}的钱叫{x.currency}。
= then
它位于{x.continent}。
它是{x.continent}的国家。
它的钱叫{x.currency}。
= ask
{x}在哪个洲？
{x}位于哪里？
= reply
{x}在{x.continent}。
它位于{x.continent}。
= also
那{x}呢？
""")

_RIVER = relation(
    """
= say
{x.river}是{x}[有名|美丽|著名]的河流。
{x}有一条[有名|美丽|著名]的河，叫{x.river}。
船在{x.river}上来来往往，这是{x}有名的河。
= then
那里有一条有名的河，叫{x.river}。
它最有名的河是{x.river}。
= ask
哪条河流过{x}？
{x}有什么有名的河？
= reply
{x.river}流过{x}。
{x.river}。
= also
那{x}的河呢？
""",
    needs="river",
)

GEOGRAPHY = Topic(
    "geography",
    COUNTRIES,
    (_CAPITAL, _CAPITAL, _CAPITAL, _CAPITAL_OF, _LANGUAGE, _PLACE, _PLACE, _CONTINENT, _RIVER),
    subject="世界各国",
    often=("法国", "日本"),
    intros=(
        "世界上有很多国家，每个国家都有自己的[首都和语言|风俗]。",
        "让我们[打开地图|翻开地图册|看看地球仪]，[一起|再]认识几个国家。",
        "[爷爷|奶奶|叔叔|阿姨]去过很多地方，知道许多国家的事。",
        "这是[书上|老师|旧地图册]讲到的几个国家。",
        "爱旅行的人都知道[这些|一点世界各国的事]。",
    ),
)
