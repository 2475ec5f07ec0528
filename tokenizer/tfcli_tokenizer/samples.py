"""Short texts of several kinds, to try a tokenizer on where no other text was given."""

SAMPLES = {
    "English": (
        "The cat sat by the window and watched the rain. When it stopped, she went out into the "
        "garden, where the grass was wet and every leaf held a drop of light. “Come in,” said the "
        "old man, “or you'll catch cold!” But she didn't listen; she had seen a bird.\n"
    ),
    "Chinese": (
        "猫坐在窗边，看着外面的雨。雨停了以后，它走进花园，草地还是湿的，每片叶子上都有一滴亮光。"
        "“进来吧，”老人说，“不然你会着凉的！”可是它没有听，因为它看见了一只小鸟。\n"
    ),
    "code": (
        "def mean(values: list[float]) -> float:\n"
        '    """The average of some numbers."""\n'
        "    if not values:\n"
        '        raise ValueError("no values")\n'
        "    return sum(values) / len(values)  # 0.5 * (1 + 2) == 1.5\n"
    ),
    "mixed": (
        "Café naïve Ångström — 25 °C ≈ 77 °F\t№ 1,024\n🙂 👩‍🚀 🇫🇷 ½ ∑x² ≥ 0; Привет, мир! "
        "안녕하세요 こんにちは\n"
    ),
}

# A line of each, to show how they are cut.
EXCERPT = (
    "The cat sat by the window and watched the rain.\n猫坐在窗边，看着外面的雨。\n"
    "    return sum(values) / 1024  # naïve 🙂\n"
)
