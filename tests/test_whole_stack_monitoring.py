"""What the running stack tells Prometheus and Grafana, asked as they ask it."""

import re

import MySQLdb
import pytest
import redis

from tests.api import STREAM
from tests.dashboards import expand, metrics_in, promql, queries
from tests.faults.mail import Mail
from tests.services import PATIENCE, wait_until
from tests.wire import THUNDERBIRD

# cAdvisor can't be had here: what is asked of it is held against its documentation, in
# test_dashboards.py.
NOT_HERE = ("container_", "machine_")
PERSONAL = r"e_?mail$|address|token|uuid|hash|password|(?<!_)network$"
DENIED = {1044, 1142, 1143, 1227, 1370}  # to a database, a table, a column, for lack of a right
JOBS = {
    "web": 3,
    "consumer": 2,
    "worker": 1,
    "beat": 1,
    "prometheus": 1,
    "mysqld-exporter": 1,
    "redis-exporter": 1,
    "nginx-exporter": 1,
}
# There while something is wrong, or was: what counts it does not begin before.
ONLY_AT_TIMES = {"ALERTS"}


@pytest.fixture(scope="module")
def scraped(whole_stack):
    """With something to show, and asked by Prometheus so often that there are rates."""
    mail = Mail(whole_stack, pixels=2)
    for pixel in mail.pixels:
        whole_stack.client.get(pixel["url"], headers={"User-Agent": THUNDERBIRD})
    view = {"page_id": "monitoring", "user_id": "one"}
    assert whole_stack.client.post("/track", json=view).is_success
    rows = [{"email": "monitoring@example.com"}]
    whole_stack.post(
        "/api/imports/", {"campaign": mail.campaign, "group": mail.group, "contacts": rows}
    )
    whole_stack.settle()
    wait_until(
        lambda: states(whole_stack) == {job: ["up"] * count for job, count in JOBS.items()},
        what="every target is up",
        every=0.5,
    )
    whole_stack.wait_for("sum(increase(pixeltrack_recorded_hits_total[1m])) > 0")
    whole_stack.wait_for("sum(rate(mysql_global_status_questions[1m])) > 0")
    whole_stack.campaign = mail.campaign
    return whole_stack


def states(stack) -> dict[str, list[str]]:
    """Of the targets of each job, whether Prometheus reached them."""
    found = {}
    for target in stack.prometheus("targets")["activeTargets"]:
        found.setdefault(target["labels"]["job"], []).append(target["health"])
    assert "up" not in found.pop("cadvisor")
    return found


# -- Prometheus ----------------------------------------------------------------------------------
def test_prometheus_reaches_every_replica(scraped, capsys):
    with capsys.disabled():
        print("\nnot run: cadvisor: its job in Prometheus is checked as configuration only")
    assert states(scraped) == {job: ["up"] * count for job, count in JOBS.items()}
    for exporter in ("mysql_up", "redis_up", "nginx_up"):
        assert scraped.value(exporter) == 1


def test_no_alert_fires_in_the_end_but_that_cadvisor_is_missing(scraped):
    """Other tests may have stopped stores a moment ago."""

    def firing() -> set[tuple[str, str]]:
        alerts = scraped.prometheus("alerts")["alerts"]
        labels = [alert["labels"] for alert in alerts if alert["state"] == "firing"]
        return {(each["alertname"], each.get("job", "")) for each in labels}

    wait_until(
        lambda: firing() <= {("TargetDown", "cadvisor")},
        within=2 * PATIENCE,
        what="no alert fires",
        every=0.5,
        look=firing,
    )


def test_prometheus_has_loaded_the_rules_without_an_error(scraped):
    [group] = scraped.prometheus("rules")["groups"]
    assert {rule["health"] for rule in group["rules"]} == {"ok"}


def test_each_expression_names_metrics_that_are_there_and_gives_what_they_are(scraped):
    """A rule asks for what is there only while something is wrong; so may a panel, of a counter
    that has not been moved yet."""
    told = set(scraped.prometheus("metadata"))
    for asked in promql():
        text = asked.text.replace("$campaign", str(scraped.campaign))
        wanted = metrics_in(text) - ONLY_AT_TIMES
        names = set(scraped.prometheus("label/__name__/values"))
        if any(name.startswith(NOT_HERE) for name in wanted):
            scraped.query(text)  # it parses, at least
            continue
        for name in wanted - names:
            kinds = {name, name.removesuffix("_bucket"), name.removesuffix("_total")}
            assert kinds & told, f"{asked}: nobody tells {name}"
        found = scraped.query(text)
        if asked.dashboard != "rules" and wanted and wanted <= names:
            assert found or scraped.wait_for(text), str(asked)


# -- Grafana -------------------------------------------------------------------------------------
def test_each_sql_panel_has_rows_for_grafanas_user(scraped):
    connection = scraped.connect_mysql("grafana", database="pixeltrack_grafana")
    empty = []
    with connection.cursor() as cursor:
        for asked in queries("mysql"):
            cursor.execute(expand(asked, scraped.campaign))
            if not cursor.fetchall():
                empty.append(str(asked))
    connection.close()
    assert empty == []


def test_grafanas_user_reads_no_address_no_token_and_no_table(scraped):
    views = "pixeltrack_grafana"
    columns = scraped.sql(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = %s",
        views,
        user="grafana",
        database=views,
    )
    assert {"openings", "verdict", "page_id"} <= {name for (name,) in columns}
    assert not [name for (name,) in columns if re.search(PERSONAL, name)]
    tables = [f"pixeltrack.{name}" for (name,) in scraped.sql("SHOW TABLES")]
    assert len(tables) > 20
    for statement in (
        *(f"SELECT * FROM {table} LIMIT 1" for table in tables),
        "SELECT user FROM mysql.user",
        "DELETE FROM opening_count",
        "UPDATE campaign SET name = ''",
        "CREATE TABLE mine (id INT)",
        "DROP VIEW campaign",
    ):
        with pytest.raises(MySQLdb.Error) as caught:
            scraped.sql(statement, user="grafana", database=views)
        assert caught.value.args[0] in DENIED, f"{statement}: {caught.value}"


# -- Users of the stores; what else they may is in test_stores.py ---------------------------------
@pytest.mark.parametrize("user", ["root", "pixeltrack", "grafana", "exporter"])
def test_a_wrong_password_is_refused(whole_stack, user):
    with pytest.raises(MySQLdb.OperationalError) as caught:
        whole_stack.connect_mysql(user, "wrong")
    assert caught.value.args[0] == 1045
    with pytest.raises(redis.exceptions.AuthenticationError):
        whole_stack.connect_redis("default" if user == "grafana" else user, "wrong")


def test_pixeltrack_may_neither_empty_redis_nor_change_it(whole_stack):
    ours = whole_stack.connect_redis("pixeltrack")
    assert ours.xlen(STREAM) >= 0
    for command in ("FLUSHALL", "FLUSHDB", "CONFIG SET appendonly no", "ACL LIST", "SHUTDOWN"):
        with pytest.raises(redis.exceptions.NoPermissionError):
            ours.execute_command(*command.split())
