"""Words, pinyin and initials by which an offering is found."""
