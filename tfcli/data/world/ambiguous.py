"""All words with two senses, with prompts that decide between them."""

from tfcli.data.world.chinese.more_senses import MORE_CHINESE_SENSES
from tfcli.data.world.chinese.senses import CHINESE_SENSES
from tfcli.data.world.english.more_senses import MORE_ENGLISH_SENSES
from tfcli.data.world.english.senses import ENGLISH_SENSES
from tfcli.data.world.senses import AmbiguousWord

SENSES: tuple[AmbiguousWord, ...] = (
    *ENGLISH_SENSES,
    *MORE_ENGLISH_SENSES,
    *CHINESE_SENSES,
    *MORE_CHINESE_SENSES,
)
