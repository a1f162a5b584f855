import pytest

from leadboost.domain.radar.blocked import BlockedAuthors, BlockedDomains, BlockedWords
from leadboost.domain.radar.fold import FOLDED_CHARS, fold
from leadboost.domain.radar.words import read_words
from tests.cleaned import PSEUDONYMS


@pytest.mark.parametrize(
    ("spelling", "words"),
    [
        ("Free VIAGRA!", "free viagra"),
        ("vi\u200bag\u00adra", "viagra"),
        ("раураl", "paypal"),  # Cyrillic but for the l
        ("ＶＩＡＧＲＡ", "viagra"),
        ("𝓿𝓲𝓪𝓰𝓻𝓪", "viagra"),
        ("Crème brûlée", "creme brulee"),
        ("straße Łódź", "strasse lodz"),
        ("don't don’t", "dont dont"),
        ("RT @shop: see https://x.example/a?b=c now", "see now"),
        ("snake_case", "snake case"),
        ("买风扇 now", "买 风 扇 now"),
        ("👍👍", ""),
    ],
)
def test_spellings_of_the_same_words_fold_to_the_same_text(spelling: str, words: str) -> None:
    assert fold(spelling).split() == words.split()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mail ana@shop.example now", "mail now"),
        ("(see:a@b@shop.example) now", "now"),
        ("RT@shop hi @ home", "hi home"),
        ("at@ last", "at last"),
    ],
)
def test_addresses_and_names_are_left_out_from_the_start_of_their_word(text: str, words: str) -> None:
    assert fold(text).split() == words.split()


def test_long_texts_fold_as_their_words_do() -> None:
    words = ["cafe\u0301", "na\u00efve", "\u1100\u1161\u11a8", "\u05e9\u05bc\u05c1", "stra\u00dfe"] * 400

    assert fold(" ".join(words)).split() == " ".join(map(fold, words)).split()


def test_signs_that_fold_to_many_letters_are_not_kept_without_end() -> None:
    assert len(fold("\ufdfa" * 20_000)) == FOLDED_CHARS


def test_words_of_another_script_stay_what_they_are() -> None:
    assert fold("рост цен на сор") == "рост цен на сор"


def test_each_text_of_a_batch_has_the_words_it_has_alone() -> None:
    texts = ["one two", "", "  three  ", "ñandú four", "five"]

    batch = read_words(texts)

    alone = [read_words([text]).hashes.tolist() for text in texts]
    assert [
        batch.hashes[first:last].tolist() for first, last in zip(batch.starts, batch.starts[1:], strict=False)
    ] == alone
    assert batch.counts.tolist() == [2, 0, 1, 2, 1]


def hash_word(word: str) -> int:
    (found,) = read_words([word]).hashes
    return int(found)


def test_a_word_has_the_same_hash_on_every_host() -> None:
    assert hash_word("LeadBoost") == hash_word("leadboost") == 0x233A3EDF783E8E04


def test_words_of_more_than_a_period_of_bytes_differ_by_their_ends() -> None:
    assert hash_word("a" * 300 + "b") != hash_word("a" * 300 + "c")


def find(text: str, *phrases: str) -> str | None:
    return BlockedWords(phrases).find(read_words(["before", text, "after"])).get(1)


def test_a_blocked_word_is_found_in_every_spelling_but_only_whole() -> None:
    assert find("buy v\u0456agra now", "Viagra") == "Viagra"
    assert find("CASINO!", "casino") == "casino"
    assert find("casinos and scunthorpe", "casino", "cunt") is None


def test_a_blocked_phrase_matches_its_words_in_a_row_within_one_text() -> None:
    assert find("an ONLINE - casino here", "online casino") == "online casino"
    assert find("casino online", "online casino") is None
    assert BlockedWords(["b c"]).find(read_words(["a b", "c d"])) == {}


@pytest.mark.parametrize("author", ["Spammer_1", "@spammer_1", "u/SPAMMER_1", "spаmmer_1"])
def test_a_blocked_author_is_known_in_every_spelling(author: str) -> None:
    assert BlockedAuthors(["spammer_1"], PSEUDONYMS).has(author)


def test_other_authors_and_none_are_not_blocked() -> None:
    blocked = BlockedAuthors(["spammer_1", "@"], PSEUDONYMS)

    assert not any(map(blocked.has, ["spammer", "spammer_12", "", None]))


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://spam.example/a", ""),
        ("http://WWW.Spam.Example:8080", ""),
        (None, "look at https://spam.example."),
        (None, "see (www.spam.example/x) or not"),
        ("https://bücher.example", ""),
    ],
)
def test_a_blocked_domain_is_found_in_address_and_text(url: str | None, text: str) -> None:
    assert BlockedDomains(["spam.example", "xn--bcher-kva.example"]).find(url, text) is not None


@pytest.mark.parametrize("url", ["https://notspam.example", "https://spam.example.org", "https://[::1", None])
def test_domains_that_only_look_alike_pass(url: str | None) -> None:
    assert BlockedDomains(["spam.example"]).find(url, "spam.example is a bad site") is None


def test_a_host_longer_than_any_leads_nowhere() -> None:
    assert BlockedDomains(["spam.example"]).find("https://" + "a." * 200 + "spam.example", "") is None
