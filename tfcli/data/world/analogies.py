"""Pairs of pairs: what vector arithmetic on the embedding table should find (b − a + c ≈ d)."""

Analogy = tuple[str, str, str, str]


def _quadruples(text: str) -> tuple[Analogy, ...]:
    result = []
    for line in text.strip().splitlines():
        a, b, c, d = line.split()
        result.append((a, b, c, d))
    return tuple(result)


ANALOGIES: tuple[Analogy, ...] = _quadruples("""
man king woman queen
man woman king queen
boy girl prince princess
king queen prince princess
man woman boy girl
man woman father mother
father mother brother sister
brother sister uncle aunt
boy girl son daughter
man woman actor actress
actor actress waiter waitress
king queen husband wife
he she his her
France Paris Japan Tokyo
France Paris Italy Rome
Japan Tokyo China Beijing
Germany Berlin Spain Madrid
Italy Rome Russia Moscow
Egypt Cairo Greece Athens
England London France Paris
男人 国王 女人 王后
男人 女人 国王 王后
男孩 女孩 王子 公主
国王 王后 王子 公主
男人 女人 男孩 女孩
父亲 母亲 丈夫 妻子
爸爸 妈妈 爷爷 奶奶
哥哥 姐姐 弟弟 妹妹
儿子 女儿 父亲 母亲
叔叔 阿姨 爷爷 奶奶
法国 巴黎 日本 东京
法国 巴黎 意大利 罗马
日本 东京 中国 北京
德国 柏林 西班牙 马德里
意大利 罗马 俄罗斯 莫斯科
埃及 开罗 希腊 雅典
英国 伦敦 法国 巴黎
""")
