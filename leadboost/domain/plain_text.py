"""Plain text from what the outside sends: HTML, entities, control characters, odd spaces.

The standard library's HTMLParser is not used: unclosed markup makes it quadratic (200 kB of ``<a``
take minutes). Every expression here is linear in the length of the text.
"""

import html
import re
import unicodedata

_HIDDEN = re.compile(r"<(?:(?P<comment>!--)|(?P<element>script|style)(?=[\s/>]))", re.IGNORECASE)
_HIDDEN_END = {
    "comment": re.compile(r"-->"),
    "element": re.compile(r"</(?:script|style)[^<>]*+>", re.IGNORECASE),
}
_TAG = re.compile(r"</?(?P<name>[a-zA-Z][a-zA-Z0-9:-]*+)[^<>]*+>|<[!?][^<>]*+>")
_INLINE = re.compile(
    "a|abbr|b|bd[io]|big|cite|code|data|del|dfn|em|font|i|ins|kbd|mark|q|s|samp|small|span|strike|strong"
    "|su[bp]|time|tt|u|var|wbr",
    re.IGNORECASE,
)
_PRINTABLE = bytes(range(32, 127))
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});")
# C0 and C1 controls that are not white space, surrogates, zero-width and direction marks.
_CONTROL = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ud800-\udfff\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
)


def clean_line(raw: str) -> str:
    """Strip control characters (NUL included), fold white space to single spaces, normalise to NFC."""
    if raw.isascii() and not raw.encode().translate(None, _PRINTABLE):  # most are, and need no more
        return " ".join(raw.split()) if "  " in raw else raw.strip()
    return " ".join(unicodedata.normalize("NFC", _CONTROL.sub("", raw)).split())


def clean_markup(raw: str) -> str:
    """Turn HTML or plain text into one clean line.

    Tags, comments, scripts and styles are dropped; block elements leave a space; entities that end
    in a semicolon are decoded once, so ``a=1&copy=2`` in a link stays as it is.
    """
    if "<" in raw:
        raw = _TAG.sub(_space_for_tag, _without_hidden(raw))
    if "&" in raw:
        raw = _ENTITY.sub(lambda match: html.unescape(match[0]), raw)
    return clean_line(raw)


def strip_controls(raw: str) -> str:
    """Strip control characters alone; everything else stays."""
    return _CONTROL.sub("", raw)


def _without_hidden(text: str) -> str:
    parts, start = [], 0
    while opening := _HIDDEN.search(text, start):
        parts.append(text[start : opening.start()])
        closing = _HIDDEN_END[str(opening.lastgroup)].search(text, opening.end())
        if closing is None:
            return " ".join(parts)
        start = closing.end()
    return " ".join([*parts, text[start:]])


def _space_for_tag(tag: re.Match[str]) -> str:
    return "" if _INLINE.fullmatch(tag["name"] or "br") else " "
