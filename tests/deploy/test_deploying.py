"""What is shipped to deploy with says what this version understands. Docker itself is not needed here."""

from __future__ import annotations

import fnmatch
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.conftest import PEPPER, ROOT, environment
from tests.installation import KEYS, Process, installed

from carwire.core.errors import CannotStart
from carwire.settings import Settings, read_settings

COMPOSE = ROOT / "compose.yaml"
MANIFESTS = sorted((ROOT / "deploy" / "kubernetes").glob("*.yaml"))
SETTINGS = {f"CARWIRE_{name.upper()}" for name in Settings.__struct_fields__}
SECRETS = {"CARWIRE_PEPPER", "CARWIRE_KEYS", "CARWIRE_DATABASE", "POSTGRES_PASSWORD"}
DOTENV = {
    "POSTGRES_PASSWORD": "ab" * 24,
    "CARWIRE_PEPPER": "cd" * 32,
    "CARWIRE_KEYS": "k1:" + "ef" * 32,
}


def filled(value: str, variables: dict[str, str]) -> str:
    """Put variables in, as Compose does: `${NAME:-default}` and `${NAME:?must be there}`."""

    def put(found: re.Match[str]) -> str:
        name, how, rest = found.groups()
        if how == ":?" and not variables.get(name):
            raise KeyError(name)
        return variables.get(name) or (rest if how == ":-" else "")

    return re.sub(r"\$\{(\w+)(:[-?])?([^}]*)\}", put, value)


def services() -> dict[str, dict[str, Any]]:
    """The services of compose.yaml, anchors and merges resolved."""
    found: dict[str, dict[str, Any]] = msgspec.yaml.decode(COMPOSE.read_bytes())["services"]
    return found


def ours() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services().items() if service["image"] == "carwire"}


def documents() -> Iterator[dict[str, Any]]:
    """Every object of the manifests."""
    for path in MANIFESTS:
        for text in re.split(r"(?m)^---$", path.read_text()):
            yield msgspec.yaml.decode(text)


def containers() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Name, pod and container of every Deployment."""
    for each in documents():
        if each["kind"] == "Deployment":
            pod = each["spec"]["template"]["spec"]
            (container,) = pod["containers"]
            yield each["metadata"]["name"], pod, container


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with what follows them."""
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    return [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in lines if line and not line.startswith("#")]


def test_compose_has_a_database_two_apis_two_workers_and_who_keeps_the_cars() -> None:
    commands = {name: service["command"] for name, service in ours().items()}
    assert commands == {
        **{"cars": ["api"], "api-1": ["api"], "api-2": ["api"]},
        **{"worker-1": ["worker"], "worker-2": ["worker"]},
    }
    assert set(services()) - set(commands) == {"postgres", "proxy"}
    keepers = [name for name, each in ours().items() if "CARWIRE_SIMULATOR_URL" not in each["environment"]]
    assert keepers == ["cars"]
    assert {each["environment"].get("CARWIRE_SIMULATOR_URL", "http://cars:8000") for each in ours().values()} == {
        "http://cars:8000"
    }


@pytest.mark.parametrize("name", ours())
def test_the_settings_of_compose_are_ones_that_are_understood(name: str) -> None:
    given = {key: filled(str(value), DOTENV) for key, value in ours()[name]["environment"].items()}
    assert given.keys() <= SETTINGS
    settings = read_settings(given)
    assert settings.database == f"postgresql://carwire:{DOTENV['POSTGRES_PASSWORD']}@postgres/carwire"
    for secret in DOTENV:
        with pytest.raises(KeyError, match=secret):
            {key: filled(str(value), DOTENV | {secret: ""}) for key, value in ours()[name]["environment"].items()}


def test_compose_waits_for_what_is_healthy_and_can_tell() -> None:
    image_checks = any(word == "HEALTHCHECK" for word, _ in instructions())
    for name, service in services().items():
        assert "healthcheck" in service or (service["image"] == "carwire" and image_checks), name
        for other, condition in service.get("depends_on", {}).items():
            assert other in services()
            assert condition == {"condition": "service_healthy"}
    assert all("postgres" in service["depends_on"] for service in ours().values())
    assert services()["proxy"]["depends_on"].keys() == {"api-1", "api-2"}


def test_only_the_proxy_is_published_and_it_asks_both_apis_where_they_listen() -> None:
    assert [name for name, service in services().items() if "ports" in service] == ["proxy"]
    caddy = (ROOT / "deploy" / "Caddyfile").read_text()
    (upstreams,) = re.findall(r"reverse_proxy (.+) \{", caddy)
    exposed = next(rest for word, rest in instructions() if word == "EXPOSE")
    assert upstreams.split() == [f"api-1:{exposed}", f"api-2:{exposed}"]
    assert re.search(r"@inside path (.+)", caddy)
    assert "/metrics" in caddy
    assert f"CARWIRE_PORT={exposed}" in (ROOT / "Dockerfile").read_text()
    assert f"http://127.0.0.1:{exposed}/ready" in (ROOT / "Dockerfile").read_text()


def test_mounted_files_are_there() -> None:
    for service in services().values():
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            named = msgspec.yaml.decode(COMPOSE.read_bytes())["volumes"]
            assert (ROOT / source).exists() if source.startswith(".") else source in named


def test_a_worker_has_time_for_what_is_under_way() -> None:
    assert all(int(service["stop_grace_period"].removesuffix("s")) > 20 for service in ours().values())
    assert all(pod["terminationGracePeriodSeconds"] > 20 for _, pod, _ in containers())


def test_no_secret_is_baked_in() -> None:
    assert not any(secret in rest for _, rest in instructions() for secret in SECRETS)
    for each in documents():
        assert each["kind"] != "Secret"
        assert not SECRETS & set(each.get("data", {}))
    for _, _, container in containers():
        assert not SECRETS & {each["name"] for each in container["env"] if "value" in each} if "env" in container else 1


def test_the_image_runs_as_somebody_without_rights_and_answers_as_what_it_is_told() -> None:
    words = dict(instructions())
    assert words["USER"] == "10001"
    assert words["ENTRYPOINT"] == '["carwire"]'
    assert words["CMD"] == '["up"]'
    given = dict(re.findall(r"(CARWIRE_\w+)=(\S+)", words["ENV"]))
    assert given.keys() <= SETTINGS
    assert str(read_settings(given).data) == words["VOLUME"]


def ignored(path: str) -> bool:
    """Tell whether .dockerignore keeps a path out: the last line that fits decides."""
    kept = True
    for line in (ROOT / ".dockerignore").read_text().split():
        pattern = line.removeprefix("!")
        if fnmatch.fnmatch(path, pattern) or path.startswith(f"{pattern}/"):
            kept = line.startswith("!")
    return not kept


def test_what_the_image_copies_is_there_and_not_ignored() -> None:
    copied = [rest.split() for word, rest in instructions() if word == "COPY" and "--from" not in rest]
    sources = [source for *names, _ in copied for source in names]
    assert {"pyproject.toml", "src"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert not ignored(source), source
    for kept_out in (".env", ".git", "carwire-data/keys", "tests", "demo.json", "demo.env"):
        assert ignored(kept_out), kept_out


def test_the_manifests_run_what_there_is_with_settings_that_are_understood() -> None:
    configured = {each["metadata"]["name"]: each["data"] for each in documents() if each["kind"] == "ConfigMap"}
    found = {name: container for name, _, container in containers()}
    assert {name: each["args"] for name, each in found.items()} == {
        **{"carwire-api": ["api"], "carwire-worker": ["worker"], "carwire-cars": ["api"]}
    }
    guide = (ROOT / "docs" / "guides" / "deploying.md").read_text()
    for name, container in found.items():
        given = dict(configured["carwire"]) | {each["name"]: each["value"] for each in container.get("env", ())}
        assert given.keys() <= SETTINGS
        read_settings(given)
        for source in container["envFrom"]:
            for kind, named in source.items():
                if kind == "secretRef":
                    assert f"create secret generic {named['name']}" in guide
                else:
                    assert named["name"] in configured
        assert ("CARWIRE_SIMULATOR_URL" in given) is (name != "carwire-cars")
        ports = {each["name"]: each["containerPort"] for each in container["ports"]}
        for probe, path in (("startupProbe", "/health"), ("livenessProbe", "/health"), ("readinessProbe", "/ready")):
            assert container[probe]["httpGet"] == {"path": path, "port": "http"}
        assert ports == {"http": 8000}


def test_services_and_budgets_of_the_manifests_choose_pods_that_there_are() -> None:
    pods = [each["spec"]["template"]["metadata"]["labels"] for each in documents() if each["kind"] == "Deployment"]
    names = {each["metadata"]["name"] for each in documents() if each["kind"] == "Service"}
    chosen = [each["spec"]["selector"] for each in documents() if each["kind"] == "Service"]
    chosen += [each["spec"]["selector"]["matchLabels"] for each in documents() if each["kind"] == "PodDisruptionBudget"]
    assert len(chosen) == 4
    for selector in chosen:
        assert sum(selector.items() <= labels.items() for labels in pods) == 1
    for _, _, container in containers():
        for each in container.get("env", ()):
            assert re.fullmatch(r"http://([\w-]+):8000", each["value"])[1] in names  # type: ignore[index]


def test_the_guide_makes_the_secrets_that_are_needed() -> None:
    guide = (ROOT / "docs" / "guides" / "deploying.md").read_text()
    for name in ("CARWIRE_DATABASE", "CARWIRE_PEPPER", "CARWIRE_KEYS"):
        assert f"--from-literal={name}=" in guide
    for name in DOTENV:
        assert re.search(rf"(?m)^{name}=", guide)
    for found in set(re.findall(r"CARWIRE_[A-Z_]+", guide)):
        assert found in SETTINGS, found
    with pytest.raises(CannotStart):
        read_settings({"CARWIRE_PEPPER": "ab"})


@pytest.mark.nightly
@pytest.mark.skipif(os.environ.get("CARWIRE_NIGHTLY") != "1", reason="takes minutes: CARWIRE_NIGHTLY=1 runs it")
def test_the_image_s_steps_make_a_carwire_that_runs_as_compose_runs_it(
    tmp_path: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps of the Dockerfile one by one, in a folder instead of an image, then the services of compose.yaml with
    their environments. Docker, its network and the proxy are not under test here.
    """
    monkeypatch.delenv("PYTHONPATH", raising=False)
    program = build_as_in_dockerfile(tmp_path)
    variables = {"CARWIRE_PEPPER": PEPPER.hex(), "CARWIRE_KEYS": KEYS, "POSTGRES_PASSWORD": "is in the URL"}
    variables |= {"CARWIRE_BASE_URL": "http://carwire.test", "CARWIRE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
    with installed(tmp_path / "run", postgres_url) as made:
        made.program = program
        processes: dict[str, Process] = {}
        for name, service in ours().items():
            given = {key: filled(str(value), variables) for key, value in service["environment"].items()}
            given["CARWIRE_DATABASE"] = postgres_url
            if "CARWIRE_SIMULATOR_URL" in given:
                given["CARWIRE_SIMULATOR_URL"] = processes["cars"].origin
            processes[name] = made.start(service["command"][0], name, **given)
        made.connect(processes["cars"])
        made.told(locked=True)
        made.lock(processes["api-2"], locked=False)
        made.told(locked=False)


def build_as_in_dockerfile(tmp_path: Path) -> Path:
    """Copy, build and install as the Dockerfile says, into an environment that has nothing else; return the program."""
    places = {"/src": tmp_path / "src", "/wheels": tmp_path / "wheels", "/opt/carwire": tmp_path / "carwire"}
    places["/src"].mkdir()

    def here(text: str) -> str:
        return re.sub(r"(?<![\w.])/(src|wheels|opt/carwire)\b", lambda found: str(places[found[0]]), text)

    for word, rest in instructions():
        if word == "FROM" and not rest.endswith(" AS build"):
            break
        if word == "COPY":
            *sources, target = rest.split()
            for source in sources:
                into = (places["/src"] / target / (source if target == "./" else "")).resolve()
                subprocess.run(["cp", "-r", ROOT / source, into], check=True)
        if word == "RUN":
            command = here(rest).replace("python -m", f"{shlex.quote(sys._base_executable)} -m")  # type: ignore[attr-defined]
            command = re.sub(r"^pip ", f"{shlex.quote(sys.executable)} -m pip ", command)
            subprocess.run(["sh", "-ec", command], cwd=places["/src"], env=environment(), check=True, timeout=600)
    program = tmp_path / "carwire" / "bin" / "carwire"
    modules = "import psycopg, pgqueuer, carwire; print(carwire.__file__)"
    told = subprocess.run([program.parent / "python", "-Ic", modules], capture_output=True, text=True, check=True)
    assert told.stdout.startswith(str(tmp_path))
    return program
