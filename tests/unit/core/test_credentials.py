"""Passwords and tokens stay out of logs, the terminal and the config."""

import logging
import sys

import pytest
import requests

from glitch_explorer.core.credentials import without_credentials
from glitch_explorer.core.errors import UserError
from glitch_explorer.core.job import logged
from glitch_explorer.workflow.config import check_config, load_schema

SECRET = "hunter2hunter2"
TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    "text",
    [
        f"https://albert:{SECRET}@example.org/a.gwf",
        f"https://{SECRET}@example.org/a.gwf",
        f"osdf:///igwn/a.gwf?authz={TOKEN}",
        f"https://example.org/a?access_token={SECRET}&b=1",
        f"https://example.org/a?X-Amz-Signature={SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"SCITOKEN={TOKEN}",
    ],
)
def test_what_is_secret_is_hidden(text):
    hidden = without_credentials(text)
    assert SECRET not in hidden
    assert TOKEN not in hidden
    assert without_credentials(hidden) == hidden


@pytest.mark.parametrize(
    "text",
    [
        "https://gwosc.org/api/v2/strain-files?start=1&sample-rate=4",
        "file://localhost/data/H-H1_X-1-2.gwf",
        "H1:SUS-ETMX_L3_MASTER_OUT_UL_DQ, [1262304000, 1262304064)",
        "the bearer of news; user@example.org",
    ],
)
def test_other_text_stays(text):
    assert without_credentials(text) == text


def test_logs_messages_and_tracebacks_hide_them(tmp_path, capsys):
    url = f"http://u:{SECRET}@127.0.0.1:9/a?token={SECRET}"
    with pytest.raises(SystemExit), logged(tmp_path / "refused"):
        logging.getLogger("x").info("asking %s", url)
        sys.stderr.write(f"{url}\n")
        raise UserError(f"{url}: given up")
    with pytest.raises(requests.RequestException), logged(tmp_path / "crash"):
        requests.get(url, timeout=1)
    shown = (tmp_path / "refused").read_text() + (tmp_path / "crash").read_text() + capsys.readouterr().err
    assert SECRET not in shown
    assert shown.count("127.0.0.1") >= 4
    assert "Traceback" in shown


def test_a_config_with_a_password_is_refused(root):
    schema = load_schema(root / "config/schemas/config.schema.yaml")
    source = {"kind": "catalogue", "paths": ["a.csv"]}
    with pytest.raises(UserError, match=r"strain\.host: .*netrc") as error:
        check_config(
            {"source": source, "strain": {"host": f"https://me:{SECRET}@example.org"}},
            schema,
        )
    assert SECRET not in str(error.value)
