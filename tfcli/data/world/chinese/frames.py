"""Chinese openings, dialogues and polite words that carry facts of any topic."""

from collections.abc import Mapping

from tfcli.data.world.cast import different_people
from tfcli.data.world.chinese.words import BOYS, GIRLS, TEACHERS
from tfcli.data.world.grammar import lines
from tfcli.data.world.scribe import Scribe
from tfcli.data.world.topics import Frames


def lesson_cast(scribe: Scribe) -> Mapping[str, object]:
    """t: who teaches; c and d: two children."""
    first, second = different_people(scribe.dice, BOYS, GIRLS, 2)
    return {"t": scribe.dice.pick(TEACHERS), "c": first, "d": second}


FRAMES = Frames(
    wraps=lines("""
大家都知道，{s}
[别忘了|要记住|请记住]，{s}
{t}告诉我，{s}
我在[一本|一本旧|一本厚厚的]书里读到，{s}
书上[说|写着]，{s}
我的[老师|姐姐|哥哥|邻居]说，{s}
我已经学会了：{s}
{c}知道，{s}
{c}在本子上写道：{s}
[其实|当然|原来|事实上]，{s}
你知道吗，{s}
墙上的牌子写着：{s}
{c}对{d}说：“{s}”
{c}想起来了，{s}
连{d}也知道，{s}
"""),
    lesson_openings=lines("""
{c}和{d}正在跟{t}聊{subject}。
{day}[早上|下午|晚上]，{t}给孩子们讲{subject}。
[午饭|放学|早饭]以后，{c}有[很多|一些|几个]关于{subject}的问题。
{day}的最后一节课讲的是{subject}。
{c}[坐在厨房里|坐在大树下|坐在院子里]，听{t}讲{subject}。
{t}想看看{c}和{d}对{subject}知道多少。
外面[下着雨|下着雪|太热了]，{c}就留在屋里，跟{t}聊起了{subject}。
{d}第二天要考试，{t}帮{d.him}复习{subject}。
"""),
    lesson_closings=lines("""
{c}把这些都记在了[红色|蓝色|绿色]的小本子上。
“[现在|这下]我真的懂一点{subject}了。”{c}说。
今天就学到这里，{c}和{d}跑出去玩了。
{t}笑了，因为{c}学到了不少东西。
晚上，{c}把这些都讲给[妈妈|爸爸|妹妹|弟弟]听。
{d}越来越喜欢{subject}了。
{t}合上书，大家一起[喝茶|吃水果|喝牛奶]。
回家的路上，{c}一直在想这些事。
"""),
    turns=lines("""
“{q}？”{t}问。“{a}。”{c}说。
“{q}？”{t}问道。“{a}。”{c}马上回答。
{t}问：“{q}？”{c}回答：“{a}。”
“{q}？”{c}想知道。“{a}。”{t}说。
“{c}，你说说，{q}？”{t}问。{c}[笑着|小声|自豪地|想了想]说：“{a}。”
{c}问{d}：“{q}？”{d}想了一会儿，说：“{a}。”
“你还记得吗，{q}？”{t}问。{c}点点头：“{a}。”
{d}举手问：“{q}？”{t}[高兴地|耐心地|马上]说：“{a}。”
“我有个问题，”{c}说，“{q}？”{t}翻开书念道：“{a}。”
{t}问{d}：“{q}？”{d}大声说：“{a}。”
"""),
    praise=lines("""
“[很好|真棒|说得好]。”{t}说。
“对了，{c}。”{t}点点头。
{t}很满意。
{d}给{c.him}鼓掌。
“{c}，你懂得真多。”{d}说。
“你怎么知道的？”{d}问。“是[爷爷|奶奶|姐姐|哥哥]告诉我的。”{c}说。
"""),
    diary_openings=lines("""
亲爱的日记，今天我们[在学校|在家里|在课上]聊了{subject}。
{day}，[晴|多云|小雨|有风]。今天学的是{subject}。
今天{t}给我们讲了{subject}，我想把它记下来。
[今天早上|今天下午|今天晚上]，我读了[十|二十|三十]页关于{subject}的书。
我的{day}笔记：{subject}。
{c}借给我一本讲{subject}的书，我一看就放不下了。
{month}的第一个{day}，我学了不少关于{subject}的知识。
"""),
    diary_closings=lines("""
[明天|下个星期|下个{day}]我还想多学一点{subject}。
希望我能[把这些都记住|不忘记这些]。
现在很晚了，我该[睡觉|关灯|上床]了。
{c}以前就知道一些，但不是全部。
妈妈说，我可以[把这些教给|去考考]我的[弟弟|妹妹|哥哥]。
我能记住的就是这些了。
回家路上我讲给{c}听，{c.he}[很吃惊|特别高兴|听得很认真]。
"""),
    quiz=(
        ("问题：{q}", "回答：{a}"),
        ("问：{q}", "答：{a}"),
        ("- {q}", "- {a}"),
        ("{q}", "{a}"),
    ),
    users=lines("""
{q}
{q}
{q}
请告诉我，{q}
请问，{q}
我有个问题：{q}
你能告诉我吗，{q}
你好！{q}
作业里问：{q}
孩子问我：{q}
我忘了，{q}
还有一个问题：{q}
"""),
    greetings=(
        ("你好！", "你好！[有什么可以帮你的|今天想聊点什么|有什么想问的][吗|呢|]？"),
        ("[早上好|下午好|晚上好]！", "[早上好|你好]！[你想知道什么|我能帮你做什么]？"),
        ("你好，你是谁？", "我是一个[小小的|]语言模型。[你可以问我问题|有问题就问我吧]。"),
        ("你好，能帮我一个忙吗？", "[当然可以|没问题|好的]！[是什么事呢|请说吧]。"),
    ),
    thanks=(
        ("谢谢[你|]！", "不客气！"),
        (
            "谢谢，这[很有用|帮了我大忙|我记住了]。",
            "[不用谢|很高兴能帮到你]，[欢迎再来|有问题再问我|祝你愉快]！",
        ),
        ("再见！", "再见[，祝你愉快|，保重|，欢迎再来]！"),
    ),
    story_asks=lines("""
给我讲一个关于{about}的故事吧。
请讲一个关于{about}的[小|短|]故事。
你能讲一个{about}的故事吗？
写一个关于{about}的[小|短|]故事。
睡觉前我想听一个{about}的故事。
我的[儿子|女儿|弟弟|妹妹]想听{about}的故事。
你知道什么关于{about}的故事吗？
来一个{about}的故事！
"""),
    story_thanks=(
        ("这个故事真好听！", "[你喜欢就好|谢谢夸奖]！"),
        ("我很喜欢这个故事。", "[那太好了|真高兴]。[还想再听一个吗|要不要再听一个]？"),
        ("谢谢你的故事。", "[晚安|祝你做个好梦|不客气]！"),
    ),
    end_marks="。？！ ",
    cast=lesson_cast,
)
