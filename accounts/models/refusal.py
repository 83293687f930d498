class Refusal(Exception):
    """A verb of a model won't do it: what is stored stands against it. The text says what to do.

    The API answers 409 with the class's `code`.
    """

    code = "conflict"
    sentence = ""

    def __str__(self):
        return self.sentence
