import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from leadboost.config import ClientSettings, Settings, load_settings, read_settings
from leadboost.console.auth import Role
from leadboost.domain.role import RoleName
from leadboost.errors import ConfigError, Problem

CONFIG = Path(__file__).parents[2] / "config"
COMMENTED_KEY = re.compile(r"^#(?=\[\[|\w+ = )", re.MULTILINE)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(toml: str = "", *, profile: str | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    path = Path("given.toml")
    path.write_text(toml, encoding="utf-8")
    return load_settings(path, profile, environ=environ or {})


def problems(toml: str = "", *, environ: Mapping[str, str] | None = None) -> dict[str, Problem]:
    with pytest.raises(ConfigError) as caught:
        load(toml, environ=environ)
    return {problem.key: problem for problem in caught.value.problems}


# -- precedence -----------------------------------------------------------------------------------


def test_settings_have_safe_defaults_without_any_source() -> None:
    settings = load_settings(environ={})

    assert (settings.http.host, settings.http.port) == ("127.0.0.1", 8000)
    assert settings.database.url is None
    assert settings.data_dir == Path.cwd() / "var"
    assert not settings.demo


def test_each_source_beats_the_weaker_ones() -> None:
    found = []
    environ: dict[str, str] = {}
    overrides: dict[str, object] = {}
    for source in ("nothing", "profile", "file", "dotenv", "environment", "options"):
        match source:
            case "file":
                Path("config").mkdir()
                Path("config/leadboost.toml").write_text("connectors.rss.min_interval_s = 20")
            case "dotenv":
                Path(".env").write_text("LEADBOOST_CONNECTORS__RSS__MIN_INTERVAL_S=30")
            case "environment":
                environ["LEADBOOST_CONNECTORS__RSS__MIN_INTERVAL_S"] = "40"
            case "options":
                overrides["connectors.rss.min_interval_s"] = 50
        profile = None if source == "nothing" else "demo"
        found.append(load_settings(None, profile, overrides, environ).connectors.rss.min_interval_s)

    assert found == [900, 10, 20, 30, 40, 50]


def test_a_given_file_takes_the_place_of_the_default_file() -> None:
    Path("config").mkdir()
    Path("config/leadboost.toml").write_text("http.port = 1")

    settings = load("log.level = 'debug'")

    assert (settings.http.port, settings.log.level) == (8000, "debug")


def test_options_that_are_none_leave_weaker_sources_alone() -> None:
    settings = load_settings(overrides={"http.port": None}, environ={"LEADBOOST_HTTP__PORT": "0"})

    assert settings.http.port == 0


def test_an_empty_variable_counts_as_not_set() -> None:
    settings = load("http.port = 9000", environ={"LEADBOOST_HTTP__PORT": "", "DATABASE_URL": ""})

    assert settings.http.port == 9000
    assert settings.database.url is None


def test_the_profile_may_be_named_by_file_or_variable() -> None:
    assert load("profile = 'demo'").connectors.allow_hosts
    assert load(environ={"LEADBOOST_PROFILE": "demo"}).demo


def test_sections_merge_key_by_key_across_sources() -> None:
    settings = load("[http]\nport = 9000", environ={"LEADBOOST_HTTP__HOST": "::1"})

    assert (settings.http.host, settings.http.port) == ("::1", 9000)


def test_lists_in_the_environment_are_json() -> None:
    feeds = '[{"name": "news", "url": "https://news.example/feed"}]'

    settings = load(environ={"LEADBOOST_CONNECTORS__RSS__FEEDS": feeds})

    assert [feed.name for feed in settings.connectors.rss.feeds] == ["news"]


def test_settings_cannot_be_changed_after_loading() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        load().http.__setattr__("port", 1)


# -- the database address -------------------------------------------------------------------------


def database_url(environ: Mapping[str, str], toml: str = "") -> str | None:
    url = load(toml, environ=environ).database.url
    return None if url is None else url.get_secret_value()


def test_database_url_is_read_under_the_name_that_other_tools_use() -> None:
    assert database_url({"DATABASE_URL": "postgres://a:b@h/d"}) == "postgresql://a:b@h/d"


def test_database_url_sheds_the_driver_that_other_tools_put_into_it() -> None:
    assert database_url({"DATABASE_URL": "postgresql+asyncpg://h/d"}) == "postgresql://h/d"


def test_postgres_variables_make_one_quoted_address() -> None:
    environ = {
        "POSTGRES_USER": "admin",
        "POSTGRES_PASSWORD": "p@ss/word",
        "POSTGRES_HOST": "db",
        "POSTGRES_PORT": "5433",
        "POSTGRES_DB": "store",
    }

    assert database_url(environ) == "postgresql://admin:p%40ss%2Fword@db:5433/store"


def test_a_lone_postgres_password_belongs_to_some_other_program() -> None:
    assert database_url({"POSTGRES_PASSWORD": "x"}) is None


def test_the_database_address_comes_from_the_strongest_name() -> None:
    environ = {
        "LEADBOOST_DATABASE__URL": "postgresql://first/d",
        "DATABASE_URL": "postgresql://second/d",
        "POSTGRES_HOST": "third",
    }
    order = []
    while environ:
        order.append(database_url(environ, "database.url = 'postgresql://last/d'"))
        del environ[next(iter(environ))]

    assert order == [
        "postgresql://first/d",
        "postgresql://second/d",
        "postgresql://postgres@third:5432/postgres",
    ]


def test_a_sqlite_address_is_refused_with_a_pointer_to_the_embedded_server() -> None:
    problem = problems(environ={"DATABASE_URL": "sqlite:///./shop.db"})["database.url"]

    assert "runs its own PostgreSQL" in problem.allowed
    assert "DATABASE_URL" in problem.allowed


@pytest.mark.parametrize(
    "url", ["http://a.example", "https://a.example:8443/x?y=1", "http://127.0.0.1?feed=rss"]
)
def test_a_feed_may_lie_at_any_web_address(url: str) -> None:
    settings = load(f"connectors.rss.feeds = [{{name = 'a', url = '{url}'}}]")

    assert settings.connectors.rss.feeds[0].url == url


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "a.example", "https://a:b@a.example/", "https://", "https://a b/"]
)
def test_a_feed_address_that_cannot_be_polled_is_refused(url: str) -> None:
    found = problems(f"connectors.rss.feeds = [{{name = 'a', url = '{url}'}}]")

    assert "an http or https address" in found["connectors.rss.feeds.0.url"].allowed


# -- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("toml", "key", "value", "allowed"),
    [
        ("http.port = 65536", "http.port", "65536", "from 0 to 65535"),
        ("http.port = -1", "http.port", "-1", "from 0 to 65535"),
        ("http.port = true", "http.port", "true", "not a number"),
        ("http.port = 80.5", "http.port", "80.5", "from 0 to 65535"),
        ("http.host = 'http://x'", "http.host", "http://x", "a name or address"),
        ("http.host = '0.0.0.0'", "http.host", "0.0.0.0", "http.allow_remote"),
        ("http = 8000", "http", "<int>", "a table"),
        ("radar.near_duplicate_at = 0.79", "radar.near_duplicate_at", "0.79", "from 0.8 to 1"),
        ("database.schema = 'pg_mine'", "database.schema", "pg_mine", "not beginning with pg_"),
        ("database.schema = 'a; DROP'", "database.schema", "a; DROP", "letters, digits and _"),
        ("database.pool_size = 1", "database.pool_size", "1", "from 2 to 100"),
        ("database.url = 'mysql://h/d'", "database.url", "***", "must begin with postgresql://"),
        ("database.url = 'postgresql://h:port/d'", "database.url", "***", "no valid port"),
        ("auth.token_ttl_s = 59", "auth.token_ttl_s", "59", "from 60 to"),
        ("auth.clients = 'shop'", "auth.clients", "<str>", "a list of tables"),
        ("log.level = 'loud'", "log.level", "loud", "debug, info, warning or error"),
        ("log.format = 'xml'", "log.format", "xml", "json, console, or auto"),
        ("currency = 'dollars'", "currency", "dollars", "ISO 4217"),
        ("profile = 'staging'", "profile", "staging", "production, demo or test"),
        ("data_dir = 7", "data_dir", "7", "a folder"),
        ("data_dir = ' '", "data_dir", " ", "is empty"),
        ("currency = 'XYZ'", "currency", "XYZ", "no currency in use"),
        ("currency = 'ZZZ'", "currency", "ZZZ", "no currency in use"),
        (
            'connectors.contact = "a\\nX-Evil: 1"',
            "connectors.contact",
            r"a\nX-Evil: 1",
            "a control character",
        ),
        ("connectors.allow_hosts = ['10.0.0.0/8']", "connectors.allow_hosts.0", "10.0.0.0/8", "is no host"),
        ("connectors.allow_hosts = ['a b']", "connectors.allow_hosts.0", "a b", "is no host"),
        ("connectors.allow_hosts = ['http://a']", "connectors.allow_hosts.0", "http://a", "is no host"),
        ("connectors.allow_hosts = ['a:99999']", "connectors.allow_hosts.0", "a:99999", "is no host"),
        ("connectors.allow_hosts = ['1.2.3']", "connectors.allow_hosts.0", "1.2.3", "is no host"),
        ("connectors.allow_hosts = ['']", "connectors.allow_hosts.0", "", "is no host"),
        ("connectors.rs = {limit = 1}", "connectors.rs", "{...}", "did you mean connectors.rss?"),
        ("connectors.rss.timeout_s = nan", "connectors.rss.timeout_s", "nan", "from 1 to 300"),
        ("connectors.rss.enabled = 'maybe'", "connectors.rss.enabled", "maybe", "true or false"),
        ("connectors.contact = 7", "connectors.contact", "7", "a mail or web address"),
        (
            "connectors.meta_ads.enabled = true",
            "connectors.meta_ads.enabled",
            "true",
            "needs access_token and",
        ),
        (
            "connectors.meta_ads.base_url = 'http://graph.example'",
            "connectors.meta_ads.base_url",
            "http://graph.example",
            "in clear text",
        ),
        ("connectors.meta_ads.version = '26'", "connectors.meta_ads.version", "26", "such as v26.0"),
        ("connectors.meta_ads.account_id = '1/2'", "connectors.meta_ads.account_id", "1/2", "number"),
        ("connectors.meta_ads.access_token = 'a b'", "connectors.meta_ads.access_token", "***", "a blank"),
        (
            "connectors.reddit = {enabled = true, username = 'shop_ops'}",
            "connectors.reddit.enabled",
            "true",
            "needs client_id and client_secret and listings",
        ),
        (
            "connectors.newsapi = {enabled = true, api_key = 'k'}",
            "connectors.newsapi.enabled",
            "true",
            "needs se",
        ),
        ("connectors.newsapi.api_key = 'ñ'", "connectors.newsapi.api_key", "***", "a blank"),
        (
            "connectors.firestore = {enabled = true, project = 'shop-project'}",
            "connectors.firestore.enabled",
            "true",
            "needs credentials_file",
        ),
        (
            "connectors.firestore.project = 'Shop Project'",
            "connectors.firestore.project",
            "Shop Project",
            "id of the project",
        ),
        ("connectors.firestore.prefix = 'a/b'", "connectors.firestore.prefix", "a/b", "COLLECTION/DOCUMENT/"),
        ("connectors.firestore.prefix = '__a'", "connectors.firestore.prefix", "__a", "beginning of"),
        (
            "connectors.firestore.documents_per_s = 501",
            "connectors.firestore.documents_per_s",
            "501",
            "to 500",
        ),
        ("connectors.google_trends.geos = ['ar']", "connectors.google_trends.geos.0", "ar", "AR or US-NY"),
        ("connectors.x.enabled = true", "connectors.x.enabled", "true", "needs bearer_token and searches"),
        ("connectors.x.bearer_token = 'a b'", "connectors.x.bearer_token", "***", "a blank"),
        (
            "connectors.x = {enabled = true, daily_cents = 4}",
            "connectors.x.enabled",
            "true",
            "more than daily_cents",
        ),
        ("connectors.google_trends.enabled = true", "connectors.google_trends.enabled", "true", "needs geos"),
        (
            "connectors.reddit.rss_fallback = true",
            "connectors.reddit.rss_fallback",
            "true",
            "needs listings",
        ),
        (
            "connectors.tiktok = {enabled = true, client_key = 'k'}",
            "connectors.tiktok.enabled",
            "true",
            "needs client_secret and accounts",
        ),
        (
            "connectors.tiktok_research = {enabled = true, client_key = 'k'}",
            "connectors.tiktok_research.enabled",
            "true",
            "needs licence_confirmed: TikTok gives this API to non-commercial researchers",
        ),
        (
            "connectors.expected = [{source = 'nowhere', per_day = 3}]",
            "connectors.expected",
            "<list>",
            "names no source of these sections: nowhere",
        ),
        ("connectors.reddit.client_secret = 'a b'", "connectors.reddit.client_secret", "***", "a blank"),
        (
            "connectors.reddit.listings = [{name = 'a'}]",
            "connectors.reddit.listings.0.query",
            "None",
            "give one of them",
        ),
    ],
)
def test_a_faulty_value_is_named_with_what_is_allowed(toml: str, key: str, value: str, allowed: str) -> None:
    problem = problems(toml)[key]

    assert problem.value == value
    assert allowed in problem.allowed


def test_all_faults_of_all_sources_are_reported_at_once() -> None:
    found = problems(
        "htpp.port = 1\n[log]\nlevel = 'loud'\n[auth]\ntoken_ttl_s = 0",
        environ={"LEADBOOST_HTTP__PORT": "x", "LEADBOOST_NOPE": "1"},
    )

    assert set(found) == {
        "LEADBOOST_NOPE",
        "auth.token_ttl_s",
        "htpp",
        "http.port",
        "log.level",
    }


@pytest.mark.parametrize(
    ("toml", "key", "guess"),
    [
        ("http.prot = 1", "http.prot", "http.port?"),
        ("htp.port = 1", "htp", "http?"),
        ("port = 1", "port", "http.port?"),
        ("connectors.rss.feed = []", "connectors.rss.feed", "connectors.rss.feeds?"),
        ("_env_file = 'x'", "_env_file", "?"),
        ("auth.clients = [{nme = 'x'}]", "auth.clients.0.nme", "did you mean"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(toml: str, key: str, guess: str) -> None:
    problem = problems(toml)[key]

    assert problem.allowed.startswith(("unknown key; did you mean ", "unknown section; did you mean "))
    assert guess in problem.allowed


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("10.0.0.7:8080", "10.0.0.7:8080"),
        ("::1", "::1"),
        ("[::1]:8080", "::1:8080"),
        ("feeds.local", "feeds.local"),
        ("feed_server-2:81", "feed_server-2:81"),
    ],
)
def test_a_host_may_be_a_name_or_an_address_with_or_without_a_port(text: str, host: str) -> None:
    assert load(f"connectors.allow_hosts = ['{text}']").connectors.allow_hosts == (host,)


def test_the_roles_are_the_same_everywhere() -> None:
    allowed = ClientSettings.model_fields["role"].description or ""

    assert [str(role) for role in Role] == [name.value for name in RoleName]
    assert re.findall(r"\w+(?=,| or|$)", allowed) == [name.value for name in RoleName]


def test_an_unknown_variable_names_the_nearest_known_one() -> None:
    problem = problems(environ={"LEADBOOST_HTTP_PORT": "1"})["LEADBOOST_HTTP_PORT"]

    assert "LEADBOOST_HTTP__PORT?" in problem.allowed


def test_an_unknown_name_in_dotenv_is_reported_too() -> None:
    Path(".env").write_text("LEADBOOST_LOG__LEVL=debug")

    problem = problems()["LEADBOOST_LOG__LEVL"]

    assert ".env" in problem.allowed


def test_a_fault_names_the_place_that_set_the_value() -> None:
    found = problems("log.level = 'loud'", environ={"LEADBOOST_HTTP__PORT": "x"})

    assert "given.toml" in found["log.level"].allowed
    assert "LEADBOOST_HTTP__PORT" in found["http.port"].allowed


def test_a_fault_of_an_option_bears_the_name_of_the_option() -> None:
    _, found = read_settings(Path("gone.toml"), overrides={"http.port": 99_999}, environ={})

    assert [(problem.key, problem.value) for problem in found] == [
        ("--config", "gone.toml"),
        ("--port", "99999"),
    ]


def test_a_list_that_is_no_json_is_one_fault_among_the_others() -> None:
    found = problems(environ={"LEADBOOST_AUTH__CLIENTS": "shop", "LEADBOOST_LOG__LEVEL": "loud"})

    assert set(found) == {"auth.clients", "log.level"}
    assert "JSON" in found["auth.clients"].allowed


@pytest.mark.parametrize(
    ("section", "item"),
    [
        ("auth.clients", "{id = 'shop', secret = '0123456789abcdef', role = 'viewer'}"),
        ("connectors.rss.feeds", "{name = 'shop', url = 'https://a.example/'}"),
        ("connectors.reddit.listings", "{name = 'shop', query = 'fans'}"),
    ],
)
def test_a_name_that_stands_twice_in_a_list_is_refused(section: str, item: str) -> None:
    assert "shop stands there more than once" in problems(f"{section} = [{item}, {item}]")[section].allowed


def test_secrets_never_show_in_faults_nor_in_the_settings_text() -> None:
    secret = "hunter2hunter2hunter2"
    toml = f"""
        database.urll = "postgresql://shop:{secret}@h/d"
        database.url = "{secret}"
        auth.secret_key = "{secret}"
        auth.clients = ["{secret}", {{id = "a", secret = "{secret[:7]}", role = "x"}}]
    """

    found = problems(toml, environ={"LEADBOOST_CONNECTORS__META_ADS__ACCESS_TOKEN": f"a {secret}"})
    settings = load(environ={"DATABASE_URL": f"postgresql://a:{secret}@h/d"})

    assert len(found) == 7
    assert secret[:7] not in "".join(map(str, found.values())) + repr(settings) + str(settings)


def test_a_syntax_fault_names_file_and_line() -> None:
    problem = problems("[http]\nport = = 1")["given.toml"]

    assert "line 2" in problem.allowed


def test_a_file_in_another_encoding_is_a_fault_that_says_so() -> None:
    Path("latin.toml").write_bytes("data_dir = 'señal'".encode("latin-1"))

    with pytest.raises(ConfigError, match="UTF-8"):
        load_settings(Path("latin.toml"), environ={})


def test_a_missing_file_is_named() -> None:
    with pytest.raises(ConfigError, match=r"absent\.toml.*No such file"):
        load_settings(Path("absent.toml"), environ={})


def test_faulty_keys_keep_their_defaults_so_that_safe_mode_can_start() -> None:
    path = Path("given.toml")
    path.write_text("[http]\nport = 9000\nhost = 'a b'\n[log]\nlevel = 'loud'\n[nope]\n")

    settings, found = read_settings(path, environ={})

    assert (settings.http.host, settings.http.port, settings.log.level) == ("127.0.0.1", 9000, "info")
    assert len(found) == 3


# -- the files that ship --------------------------------------------------------------------------


def uncommented() -> str:
    return COMMENTED_KEY.sub("", (CONFIG / "leadboost.toml").read_text(encoding="utf-8"))


def leaves(values: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for key, value in values.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            value = value[0]
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key


def model_leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    for name, field in model.model_fields.items():
        annotation = field.annotation
        inner = next((a for a in (annotation, *getattr(annotation, "__args__", ())) if is_model(a)), None)
        key = prefix + (field.alias or name)
        if inner is None:
            yield key, field.description
        else:
            yield from model_leaves(inner, f"{key}.")


def is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def test_the_reference_file_holds_every_key_and_no_other() -> None:
    written = list(leaves(tomllib.loads(uncommented())))

    assert sorted(written) == sorted(key for key, _ in model_leaves(Settings))


def test_the_reference_file_says_what_is_allowed_for_every_key() -> None:
    text = re.sub(r"\n# ", " ", uncommented())

    assert [key for key, allowed in model_leaves(Settings) if not allowed or allowed not in text] == []


def test_the_reference_file_shows_the_defaults() -> None:
    examples = re.compile(
        r"^(url|contact|public_url|crash|access_token|app_secret|account_id|folder|client_id|client_key|client_secret|username|api_key|bearer_token"
        r"|credentials_file|project|author_key|refresh_token|developer_token|login_customer_id|webhook_url|routing_key|secrets|host|sender|recipients|password|ca_file)"
        r" = .*|\[\[.*\]\]\n(\w+ = .*\n)+",
        re.MULTILINE,
    )
    without_examples = examples.sub("", uncommented())

    assert load(without_examples) == load()


def test_the_shipped_reference_file_changes_nothing_as_it_is() -> None:
    assert load_settings(CONFIG / "leadboost.toml", environ={}) == load_settings(environ={})


def test_the_examples_in_the_reference_file_are_valid() -> None:
    assert load(uncommented()).auth.clients[0].id == "shop"


def test_the_demo_profile_holds_differences_only() -> None:
    demo = tomllib.loads((CONFIG / "demo.toml").read_text(encoding="utf-8"))
    plain, changed = load_settings(environ={}), load_settings(profile="demo", environ={})

    def read(settings: object, key: str) -> object:
        for part in key.split("."):
            settings = getattr(settings, part)
        return settings

    assert all(read(plain, key) != read(changed, key) for key in leaves(demo))


def test_a_file_that_nothing_reads_yet_says_so_and_holds_no_keys() -> None:
    text = (CONFIG / "brand.toml").read_text(encoding="utf-8")

    assert tomllib.loads(text) == {}
    assert re.search(r"nothing\s+reads\s+this\s+file\s+yet", text, re.IGNORECASE)


def redis_url(environ: dict[str, str], toml: str = "") -> str | None:
    url = load(toml, environ=environ).redis.url
    return url.get_secret_value() if url else None


def test_redis_is_found_under_the_names_that_other_tools_use() -> None:
    assert redis_url({}) is None
    assert redis_url({"REDIS_URL": "redis://cache:6380/1"}) == "redis://cache:6380/1"
    assert redis_url({"REDIS_HOST": "cache"}) == "redis://cache:6379/0"
    assert redis_url({"REDIS_HOST": "cache", "REDIS_PORT": "6380"}) == "redis://cache:6380/0"
    assert redis_url({"REDIS_URL": "redis://one/0", "REDIS_HOST": "two"}) == "redis://one/0"


@pytest.mark.parametrize(
    "url", ["localhost:6379", "http://cache", "redis://", "redis://h:99999/0", "redis://h/x"]
)
def test_an_address_that_is_no_redis_is_refused(url: str) -> None:
    problem = problems(environ={"REDIS_URL": url})["redis.url"]

    assert "REDIS_URL" in problem.allowed
