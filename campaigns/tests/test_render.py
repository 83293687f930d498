"""A contact's pixels in the HTML of a mail: where they go, and that nothing else is changed."""

import re
from html.parser import HTMLParser
from time import process_time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from campaigns.models import Pixel
from campaigns.render import NotHtml, render

IMAGE = re.compile(r'<img src="[^"]*/p/[^"]*\.gif" width="1" height="1" alt="" style="[^"]*">')


def placed(html: str, count=2) -> str:
    """The HTML with `count` pixels in it, each shown as its number in brackets."""
    pixels = [Pixel(number=number) for number in range(1, count + 1)]
    rendered = render(html, pixels)
    for pixel in pixels:
        rendered = rendered.replace(pixel.html, f"[{pixel.number}]")
    return rendered


@pytest.mark.parametrize(
    "expected",
    [
        "<html><body>[1]<p>Hi</p>[2]</body></html>",
        "<BODY BGCOLOR=red>[1]<P>Hi[2]</BODY>",
        "[1]<p>a fragment</p>\n[2]",
        "[1]{{ hello }}<br>[2]",
        "[1]\ufeff \n<p>x</p>[2]",
        # Only one of these is the body.
        "<!-- <body> --><body>[1]<p>x<!-- </body> -->[2]</body>",
        "<!--> <body>[1]--><p>x[2]</body>",
        "<style>a:after{content:'<body>'}</style><body>[1]<p>x[2]</body><style></body></style>",
        "<script>'<body>'</SCRIPT ><body>[1]<p>x[2]</body>",
        "<title><body></title><body>[1]<p>x[2]</body>",
        "<bodyguard><body>[1]<p>x[2]</body>",
        "[1]<p><b>x</p></body> <p>y[2]</body></html>",
        "[1]<p>x[2]</html>",
        "</body><body>[1]<p>x[2]",
        # Where its tag ends.
        """<body title="a>b" alt='>' x=">"y=1 />[1]<p>x[2]""",
        '<body a"b>[1]<p>x">[2]</body>',
        '<body a=b">[1]<p>x[2]</body>',
        "<body\n\tclass = 'a\n>' >[1]<p>x[2]",
        # Outlook's conditions: the body that others see, and outside of a part for others only.
        "<!--[if mso]><body class=o><![endif]-->"
        "<!--[if !mso]><!--><body><!--<![endif]-->[1]<p>x[2]</body>",
        "<body>[1]<![if !mso]><p>x</p><![endif]>[2]</body>",
        "<body>[1]<p>x</p>[2]<!--[if !mso]><!--></body><!--<![endif]-->",
        "<body>[1]<!--[if mso]><table><![endif]--><p>x</p>"
        "<!--[if mso]></table></body><![endif]-->[2]</body>",
        # No tag for the body: behind what comes before it, else the browser is in quirks mode.
        "<!DOCTYPE html>\n<html lang=en><head><style>p{}</style></head>[1]\n<p>x</p>[2]</html>",
        "<!doctype html><meta charset=utf-8><title>a</title>[1]<!-- c --><p>x[2]",
        "{% load x %}<!doctype html><head><title>a</title></head>[1]<p>x[2]",
        # Behind what is never closed there is nothing to see.
        "[1]<p>x</p>[2]<!-- never closed",
        "[1]<p>x</p>[2]<style>never closed",
        "[1]<p>x</p>[2]<a href='never closed>",
        "[1]<p>a < b & c</p></ p>[2]",
    ],
)
def test_the_first_pixel_is_at_the_top_and_the_last_at_the_end(expected):
    assert placed(expected.replace("[1]", "").replace("[2]", "")) == expected


def test_a_single_pixel_is_at_the_top():
    assert placed("<body><p>x</p></body>", 1) == "<body>[1]<p>x</p></body>"


def test_pixels_between_are_spread_and_come_after_blocks():
    mail = "<body>" + "<p>1234567890</p>" * 8 + "</body>"
    text = placed(mail, 5).replace("<p>1234567890</p>", "p")
    assert text == "<body>[1]pp[2]pp[3]pp[4]pp[5]</body>"


def test_pixels_between_are_where_everybody_sees_them():
    hidden = "<div style='DISPLAY : none'><div><p>a</p></div></div>"
    others = "<!--[if !mso]><!--><p>b</p><!--<![endif]-->"
    inert = "<select><p>c</p></select><svg><p>d</p></svg>"
    row = "<table><tr><td>e</td></tr></table>"
    mail = f"<body>{hidden}{others}{inert}{row}</body>"
    assert placed(mail, 3) == f"<body>[1]{hidden}{others}{inert}{row}[2][3]</body>"


def test_with_too_few_blocks_the_pixels_come_together_at_the_end():
    assert placed("<body>x<br>y</body>", 4) == "<body>[1]x<br>y[2][3][4]</body>"


def test_without_pixels_nothing_changes():
    assert placed("<p>x</p>", 0) == "<p>x</p>"


@pytest.mark.parametrize(
    "text",
    [
        " \n",
        "Dear Ada, 1 < 2 and 3 > 2.",
        "Write to <ada@example.com>, or see <https://example.com/>.",
        '{"html": "<p>x</p>"}',
        '["<p>x</p>"]',
        '"<p>x</p>"',
        '{"a":' * 100_000 + "<p>",
        "\x89PNG\r\n\x1a\n\x00<p>",
        "%PDF-1.7 \x01\x02<p>",
        "<!-- <p>x</p> -->",
        "<!doctype html>",
        "<p",
        "</p>",
    ],
)
def test_what_is_not_html_is_refused(text):
    with pytest.raises(NotHtml):
        render(text, [])


def test_deeply_nested_json_is_refused_too():
    with pytest.raises(NotHtml):
        render("[" * 100_000 + '"<p>"' + "]" * 100_000, [])


# Pieces of mails, whole and torn, so that their seams are tried as well.
PIECES = st.sampled_from(
    "<body> </body> <BODY CLASS='>'> <html> </html> <head> </head> <p> </p> <div> </div> <table>"
    " <!-- --> <!--[if_mso]> <![endif]--> <!--[if_!mso]><!--> <!--<![endif]--> <style> </style>"
    " <script> </script> <title> </title> < > \" ' = / & &nbsp; {{name}} {%_if_a_<_b_%} ü \r\n"
    " <!doctype_html> <div_style=display:none> <svg> </svg> <br/> text".replace(" ", "\0")
    .replace("_", " ")
    .split("\0")
)


@given(
    mail=st.lists(PIECES | st.text(max_size=5), max_size=30).map("".join), count=st.integers(0, 5)
)
@example(mail="<p></p></body>", count=5)
@example(mail="<svg></svg>\r\n<p>\r", count=3)
def test_without_its_pixels_the_mail_is_what_it_was(mail, count):
    pixels = [Pixel(number=number) for number in range(1, count + 1)]
    try:
        rendered = render(mail, pixels)
    except NotHtml:
        return
    at = [rendered.index(pixel.html) for pixel in pixels]
    assert at == sorted(at)
    assert all(rendered.count(pixel.html) == 1 for pixel in pixels)
    for pixel in pixels:
        rendered = rendered.replace(pixel.html, "")
    assert rendered == mail


WHOLE = st.recursive(
    st.sampled_from(["x", "&amp;", "<br>", "<img src='a>b'>", "<!-- <body></body> -->",
                     "<!--[if mso]><body><![endif]-->", "<a title='</body>' href=\"<body>\">x</a>",
                     "<style>p > a {}</style>", "<script>'<body>'</script>"]),
    lambda inner: st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["div", "p", "td"]), inner)
    | st.builds(str.__add__, inner, inner),
)  # fmt: skip


@given(before=WHOLE, body=WHOLE)
def test_in_a_whole_mail_pythons_parser_sees_the_same_body(before, body):
    mail = f"<html>{before}<Body a='>' b>{body}</boDy ></html>"
    seen = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag, attributes):
            seen.append(("pixel", attributes[1]) if ("width", "1") in attributes else tag)

        def handle_endtag(self, tag):
            seen.append(f"/{tag}")

    parser = Parser()
    parser.feed(render(mail, [Pixel(number=1), Pixel(number=2)]))
    parser.close()
    assert [index for index, tag in enumerate(seen) if tag[0] == "pixel"] == [
        seen.index("body") + 1,
        seen.index("/body") - 1,
    ]


@pytest.mark.parametrize(
    "piece",
    ["<a ", "<!--", "<![", "</", "<p>", "<style>", "</body>", '<a b="', "<a =", "<a/ ", "<p a = b ",
     "<!--[if !mso]><!--><body>", "display ", "<img src=/p/", "<svg>", "<!doctype", "[", "<", "&"],
)  # fmt: skip
def test_a_long_mail_takes_seconds_whatever_is_wrong_with_it(piece):
    mail = "<p>" + piece * (1_000_000 // len(piece)) + "</p>"
    before = process_time()
    render(mail, [Pixel(number=number) for number in (1, 2, 3)])
    assert process_time() - before < 10  # of CPU; with quadratic time it would be minutes
