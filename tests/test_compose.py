"""docker-compose.yml as it stands; no container runs here."""

import os
import re
import shlex
import subprocess
from copy import deepcopy

import pytest
from jsonschema import Draft202012Validator

from pixeltrack.bootstrap import SECRETS, filled, template
from tests.compose import (
    FILE,
    ROOT,
    Missing,
    environment_of,
    interpolate,
    read,
    specification,
    variables_of,
)
from tests.dashboards import rules

OURS = {"prepare", "web", "consumer", "worker", "beat"}
PUBLISHED = {"nginx": {"80", "8000"}, "grafana": {"3000"}}
ONCE = {"prepare"}  # ends, and is not to be started again or asked how it is
WITHOUT_A_QUESTION = {"nginx-exporter"}  # its image has no program but its own
# In the image, or fixed for all containers by the file itself.
NOT_PASSED_ON = {"PIXEL_ENV_FILE", "PIXEL_VAR_DIR", "PIXEL_STATIC_DIR", "DJANGO_SETTINGS_MODULE"}
OTHERS_ONLY = {"REDIS_URL"}  # ours is made of its parts
SECRET = re.compile(r"PASSWORD|SECRET_KEY$|^API_SECRET_KEY|FERNET|DATA_SOURCE")


@pytest.fixture(scope="module")
def written() -> dict[str, str]:
    """What `make env` writes."""
    return dict(re.findall(r"^(\w+)=(.*)$", filled(template()), re.MULTILINE))


@pytest.fixture(scope="module")
def compose(written) -> dict:
    return read(written)


@pytest.fixture(scope="module")
def services(compose) -> dict[str, dict]:
    return compose["services"]


def test_it_is_a_compose_file(compose):
    Draft202012Validator.check_schema(specification())
    problems = list(Draft202012Validator(specification()).iter_errors(compose))
    assert not problems, problems[0].message


@pytest.mark.parametrize(
    "spoil",
    [
        lambda compose: compose["services"]["web"].update(replica=3),
        lambda compose: compose["services"]["web"].update(read_only=["yes"]),
        lambda compose: compose["services"]["nginx"]["depends_on"]["web"].update(condition="up"),
        lambda compose: compose["services"]["beat"]["healthcheck"].update(retry=3),
        lambda compose: compose.update(service={}),
    ],
)
def test_the_specification_notices(compose, spoil):
    spoilt = deepcopy(compose)
    spoil(spoilt)
    assert not Draft202012Validator(specification()).is_valid(spoilt)


def test_it_has_every_service(services):
    stores = {"mysql", "redis"}
    watchers = {"prometheus", "grafana", "cadvisor"}
    exporters = {"mysqld-exporter", "redis-exporter", "nginx-exporter"}
    assert services.keys() == OURS | stores | {"nginx"} | watchers | exporters
    replicas = {name: service["deploy"]["replicas"] for name, service in services.items()
                if "deploy" in service}  # fmt: skip
    assert replicas == {"web": 3, "consumer": 2}


# -- Variables -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("${A}", "a"),
        ("${A:-b}", "a"),
        ("${B:-b}${B}", "b"),
        ("${B:-http://h:${C:-80}}/", "http://h:80/"),
        ("$$A", "$A"),
        ("${A:?no}", "a"),
    ],
)
def test_variables_are_put_in(text, becomes):
    assert interpolate(text, {"A": "a", "B": ""}) == becomes


@pytest.mark.parametrize("name", sorted(SECRETS.keys() - {"DJANGO_SUPERUSER_PASSWORD"}))
def test_without_a_secret_nothing_starts(written, name):
    with pytest.raises(Missing, match=rf"{name} .*`make env`"):
        read(written | {name: ""})


def test_no_secret_stands_in_the_file():
    """Each is taken from `.env`, and there is nothing in its place."""
    for name, service in read()["services"].items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable) and value is not None:
                assert re.search(r"\$\{\w+:\?", value), f"{name}: {variable}"
                assert not re.search(r"\$\{\w+:-", value), f"{name}: {variable}"


def test_every_variable_is_explained():
    example = (ROOT / ".env.example").read_text()
    explained = set(re.findall(r"^(?:# )?(\w+)=", example, re.MULTILINE))
    assert variables_of(FILE.read_text()) <= explained
    for service in read()["services"].values():
        passed_on = {name for name, value in service.get("environment", {}).items()
                     if value is None}  # fmt: skip
        assert passed_on <= explained


def test_every_setting_reaches_our_containers(services):
    """A setting in `.env` that no container sees would be ignored without a word."""
    example = (ROOT / ".env.example").read_text()
    settings = set(re.findall(r"^(?:# )?(\w+)=", example, re.MULTILINE))
    elsewhere = {"HTTP_PORT", "GRAFANA_PORT"} | {
        name for name in SECRETS if re.search("ROOT|EXPORTER|GRAFANA", name)
    }
    admin = {name for name in settings if name.startswith("DJANGO_SUPERUSER_")}
    passed_on = settings - elsewhere - admin - NOT_PASSED_ON - OTHERS_ONLY
    for name in OURS:
        assert services[name]["environment"].keys() == (
            passed_on | (admin if name == "prepare" else set())
        )


def test_who_gets_which_secret(services, written):
    """By its value, whatever the variable's name is there."""
    app = OURS
    expected = {
        "DJANGO_SECRET_KEY": app,
        "API_SECRET_KEY": app,
        "FERNET_KEY": app,
        "DJANGO_SUPERUSER_PASSWORD": {"prepare"},
        "MYSQL_ROOT_PASSWORD": {"mysql"},
        "MYSQL_PASSWORD": app | {"mysql"},
        "MYSQL_GRAFANA_PASSWORD": {"mysql", "grafana"},
        "MYSQL_EXPORTER_PASSWORD": {"mysql", "mysqld-exporter"},
        "REDIS_ROOT_PASSWORD": {"redis"},
        "REDIS_PASSWORD": app | {"redis"},
        "REDIS_EXPORTER_PASSWORD": {"redis", "redis-exporter"},
        "GRAFANA_ADMIN_PASSWORD": {"grafana"},
    }
    assert expected.keys() == SECRETS.keys()
    given = {
        secret: {
            name
            for name, service in services.items()
            if any(written[secret] in value for value in environment_of(service, written).values())
        }
        for secret in SECRETS
    }
    assert given == expected


def test_the_settings_that_docker_compose_makes_are_a_start(services, written, tmp_path):
    """Read strictly, as by each of our containers."""
    environment = environment_of(services["prepare"], written)
    assert environment["TRUSTED_PROXIES"] == "1"
    assert environment["PUBLIC_URL"] == "http://127.0.0.1:8000"
    of_another_port = read(written | {"PORT": "8080"})["services"]
    assert of_another_port["web"]["environment"]["PUBLIC_URL"] == "http://127.0.0.1:8080"
    assert of_another_port["web"]["environment"]["PORT"] == "8000"
    assert of_another_port["nginx"]["ports"] == ["80:80", "8080:8000"]


# -- Each service --------------------------------------------------------------------------------
def test_only_nginx_and_grafana_are_published(services):
    published = {
        name: {port.rpartition(":")[2] for port in service["ports"]}
        for name, service in services.items()
        if service.get("ports")
    }
    assert published == PUBLISHED
    assert "9090:3000" in services["grafana"]["ports"]
    assert not any("network_mode" in service for service in services.values())


def test_the_stores_are_on_a_network_without_a_way_out(compose, services):
    assert compose["networks"]["stores"] == {"internal": True}
    fronted = {name for name, service in services.items() if "front" in service["networks"]}
    assert fronted == {"web", "nginx", "grafana", "nginx-exporter"}
    for name in services.keys() - {"nginx"}:
        assert "stores" in services[name]["networks"]


def test_every_image_is_of_one_version(services):
    for name, service in services.items():
        if name in OURS:
            assert (service["image"], service["build"]) == ("pixeltrack:local", ".")
        else:
            assert re.search(r":v?\d+\.\d+\.\d+(-alpine)?$", service["image"]), service["image"]
            assert "build" not in service


def test_each_has_a_limit_and_is_started_again(services):
    for name, service in services.items():
        assert re.fullmatch(r"\d+[mg]", service["mem_limit"]), name
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name


def test_the_worker_alone_gets_less_of_the_cores(services):
    assert {name for name, service in services.items() if "cpu_shares" in service} == {"worker"}
    assert services["worker"]["cpu_shares"] < 1024  # what the others have


def test_each_is_asked_how_it_is(services):
    asked = {
        name for name, service in services.items()
        if service.get("healthcheck", {}).get("test")
    }  # fmt: skip
    assert asked == services.keys() - ONCE - WITHOUT_A_QUESTION
    for name in asked:
        assert {"interval", "timeout", "retries"} <= services[name]["healthcheck"].keys(), name
    for name in ONCE:
        assert services[name]["healthcheck"] == {"disable": True}


def test_each_waits_for_what_it_needs(services):
    for name, service in services.items():
        for needed, how in service.get("depends_on", {}).items():
            once = needed in ONCE
            assert how == {
                "condition": "service_completed_successfully" if once else "service_healthy"
            }, f"{name} → {needed}"
            assert needed not in WITHOUT_A_QUESTION
    for name in OURS - ONCE:
        assert services[name]["depends_on"].keys() == {"prepare", "mysql", "redis"}
    assert "mysql" in services["prepare"]["depends_on"]
    assert "web" in services["nginx"]["depends_on"]


def test_each_may_do_as_little_as_possible(services):
    for name, service in services.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True, name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "devices", "pid", "ipc"} & service.keys(), name


def test_our_commands_are_those_of_the_procfile(services):
    lines = re.findall(r"^(\w+): (.*)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    for name, command in lines:
        if name != "redis":
            # Of several workers one alone may be beat as well, so there it is a container.
            words = [word for word in shlex.split(command) if word != "--with-beat"]
            assert services[name]["command"] == words, name
    default = re.search(r"^CMD (\[.*\])$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)[1]
    assert services["web"]["command"] == re.findall('"([^"]+)"', default)


def test_nginx_asks_for_the_replicas_again(services):
    """One line of the file becomes the two that it has as comments. Debian's NGINX knows no
    `resolve`, and takes the file as it is."""
    [_, _, script] = services["nginx"]["command"]
    [edit] = re.findall(r"sed '(.*)' /etc/nginx/nginx.conf", script)
    made = subprocess.check_output(["sed", edit, ROOT / "nginx.conf"], text=True).splitlines()
    before = (ROOT / "nginx.conf").read_text().splitlines()
    [(old, new)] = [pair for pair in zip(before, made, strict=True) if pair[0] != pair[1]]
    comments = " ".join(f"# {part};" for part in new.strip(" ;").split("; "))
    assert comments.split() == " ".join(before).partition(old)[2].partition("runs:")[2].split()[:9]


def test_what_is_mounted_is_there(compose, services):
    used = set()
    for name, service in services.items():
        for mount in service.get("volumes", []):
            source, _, *mode = mount.split(":")
            if source.startswith("./"):
                assert (ROOT / source).exists(), f"{name}: {source}"
                assert mode == ["ro"], f"{name}: {source}"
            elif not source.startswith("/"):
                used.add(source)
            else:
                assert (name, mode) == ("cadvisor", ["ro"]), f"{name}: {source}"
        for mount in service.get("tmpfs", []):
            assert re.fullmatch(r"/[\w/]+:size=\d+m,mode=1777", mount), f"{name}: {mount}"
    assert compose["volumes"].keys() == used


def test_scripts_that_are_mounted_can_be_run():
    for script in (ROOT / "stores").glob("*/*.sh"):
        assert os.access(script, os.X_OK), script
        assert script.read_text().startswith("#!/bin/sh\n")


def test_the_spool_of_all_web_replicas_is_within_reach_of_all_consumers(services):
    for name in OURS:
        assert "var:/srv/pixeltrack/var" in services[name]["volumes"]


def test_what_an_ended_replica_told_last_is_forgotten_before_it_counts_as_silence(services):
    """Else, up again at other addresses, the ones before are alarmed of for five minutes."""
    [kept] = [
        re.fullmatch(r"--query\.lookback-delta=(\d+)m", each)[1]
        for each in services["prometheus"]["command"]
        if "lookback" in each
    ]
    silences = [
        int(seconds)
        for rule in rules()
        for seconds in re.findall(r"time\(\) - \S+ > (\d+)", rule["expr"])
    ]
    assert len(silences) == 2
    assert 60 * int(kept) <= min(silences)
