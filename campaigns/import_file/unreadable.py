class Unreadable(Exception):
    """The file as a whole can't be read. `code` is for programs; the text says what to do."""

    def __init__(self, code: str, sentence: str):
        super().__init__(code, sentence)
        self.code, self.sentence = code, sentence

    def __str__(self):
        return self.sentence
