"""What `deploy/` promises, held against the code: files, flags, routes, options and metrics are those that exist.

There is no container engine here; what is written for one is checked as far as it can be read.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from distilrank import main
from serving.hook.endpoint import Endpoint
from serving.metrics import Metrics
from serving.ray_environment import SWITCHES
from serving.server_settings import ServerSettings
from workflow.commands.grammar import parser
from workflow.serve import ServeArguments

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SUFFIXES = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
SCRAPED = {"le", "job", "instance"}


def _yaml(name: str) -> dict:
    return yaml.safe_load((DEPLOY / name).read_text())


def _exported() -> dict[str, set[str]]:
    """Every series that the application exports, with its labels."""
    metrics = [one for one in vars(Metrics()).values() if hasattr(one, "_labelnames")]
    return {f"{one._name}{end}": set(one._labelnames) for one in metrics for end in SUFFIXES[one._type]}


def _dashboard_queries() -> list[tuple[str, str]]:
    dashboard = json.loads((DEPLOY / "grafana/dashboards/distilrank.json").read_text())
    return [
        (target["expr"], target["legendFormat"])
        for panel in dashboard["panels"]
        if panel["type"] != "row"
        for target in panel["targets"]
    ]


def _alert_queries() -> list[tuple[str, str]]:
    return [(rule["expr"], "") for group in _yaml("alerts.yaml")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize(("expression", "legend"), [*_dashboard_queries(), *_alert_queries()])
def test_queries_ask_for_metrics_and_labels_that_exist(expression, legend):
    exported = _exported()
    named = set(re.findall(r"distilrank_\w+", expression))
    assert named <= set(exported)
    labels = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)\s*\"", expression)) | set(re.findall(r"{{\s*(\w+)\s*}}", legend))
    for group in re.findall(r"\bby \(([^)]*)\)", expression):
        labels |= {label.strip() for label in group.split(",")}
    assert labels <= set().union(SCRAPED, *(exported[name] for name in named))
    assert expression.count("(") == expression.count(")")
    assert named or expression.startswith(("up", "sum(up"))


def test_the_dashboard_shows_every_metric():
    shown = " ".join(expression for expression, _ in _dashboard_queries())
    families = {name.removesuffix("_bucket").removesuffix("_sum").removesuffix("_count") for name in _exported()}
    assert sorted(family for family in families if family not in shown) == []


def test_the_dashboard_can_be_provisioned():
    dashboard = json.loads((DEPLOY / "grafana/dashboards/distilrank.json").read_text())
    source = _yaml("grafana/provisioning/datasources/prometheus.yaml")["datasources"][0]
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"} == {source["uid"]}
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(set(cells)) == len(cells), "panels overlap"
    assert max(x for x, _ in cells) < 24


def test_compose_names_files_ports_and_services_that_exist():
    services = _yaml("compose.yaml")["services"]
    mounts = {}
    for service in services.values():
        for volume in service.get("volumes", []):
            source, target, *_ = volume.split(":")
            if source.startswith("."):
                mounts[target] = source
                assert source == "../runs" or (DEPLOY / source).exists(), source
    build = services["server"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).is_file()
    prometheus = _yaml("prometheus.yaml")
    scraped = prometheus["scrape_configs"][0]
    assert (scraped["job_name"], scraped["metrics_path"]) == ("distilrank", "/metrics")
    name, port = scraped["static_configs"][0]["targets"][0].split(":")
    assert name in services
    assert port in services[name]["command"]
    assert all(f"/etc/prometheus/{rules}" in mounts for rules in prometheus["rule_files"])
    source = _yaml("grafana/provisioning/datasources/prometheus.yaml")["datasources"][0]
    assert re.fullmatch(r"http://(\w+):9090", source["url"]).group(1) in services
    dashboards = _yaml("grafana/provisioning/dashboards/distilrank.yaml")["providers"][0]["options"]["path"]
    assert mounts[dashboards] == "./grafana/dashboards"
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (DEPLOY / mounts[dashboards] / Path(home).name).is_file()


def _dockerfile() -> list[tuple[str, str]]:
    text = (DEPLOY / "Dockerfile").read_text().replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.split(maxsplit=1)) for line in lines]


def test_the_image_is_started_with_options_that_exist():
    commands = [json.loads(rest) for word, rest in _dockerfile() if word == "CMD"]
    commands.append(_yaml("compose.yaml")["services"]["server"]["command"])
    for command in commands:
        options = parser({}).parse_args(command)
        assert (options.command, options.host, options.port) == ("serve", "0.0.0.0", 8000)
    entry = next(json.loads(rest) for word, rest in _dockerfile() if word == "ENTRYPOINT")
    assert entry == [*PROJECT["project"]["scripts"]] == [main.__module__]


def test_the_clusters_of_the_compose_file_get_the_hook():
    services = _yaml("compose.elastic.yaml")["services"]
    for name, way in (("elasticsearch", "custom"), ("opensearch", "opensearch")):
        hook = services[f"hook-{name}"]
        options = parser({}).parse_args(hook["command"])
        assert (options.command, options.hook_command, options.way) == ("hook", "install", way)
        assert set(hook["depends_on"]) == {"server", name}
        assert options.cluster == f"http://{name}:9200"
        host, port = options.endpoint.removeprefix("http://").split(":")
        assert host == "server"
        assert port in services["server"]["command"]
        assert options.record.parent == Path(hook["volumes"][0].split(":")[1])
    endpoint = Endpoint(options.endpoint)
    settings = services["opensearch"]["environment"]
    trusted = settings["plugins.ml_commons.trusted_connector_endpoints_regex"].replace("$$", "$")
    assert re.fullmatch(trusted, endpoint.cohere)
    assert endpoint.is_private
    assert settings["plugins.ml_commons.connector.private_ip_enabled"] == "true"
    assert services["elasticsearch"]["environment"]["xpack.license.self_generated.type"] == "trial"
    versions = [services[name]["image"].rpartition(":")[2] for name in ("elasticsearch", "opensearch")]
    assert versions == ["9.1.0", "3.1.0"]


def test_the_image_holds_the_code_and_does_not_run_as_root():
    words = _dockerfile()
    extras = PROJECT["project"]["optional-dependencies"]
    assert {"cpu", "gpu", "serve", "elastic"} <= set(extras)
    assert any('".[${DEVICE},serve,elastic]"' in rest for word, rest in words if word == "RUN")
    assert all("--constraint constraints.txt" in rest for word, rest in words if "pip install" in rest)
    stages = [place for place, (word, _) in enumerate(words) if word == "FROM"]
    users = [rest for word, rest in words[stages[-1] :] if word == "USER"]
    assert users == ["10001"]
    health = next(rest for word, rest in words if word == "HEALTHCHECK")
    assert "/health/ready" in health
    kept = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line.startswith("!")}
    settings = PROJECT["tool"]["setuptools"]
    needed = {name.split(".")[0] for name in settings["packages"]} | {f"{name}.py" for name in settings["py-modules"]}
    assert needed | {"pyproject.toml", "constraints.txt", PROJECT["project"]["readme"]} <= kept
    assert all((ROOT / name).exists() for name in kept)


def test_the_ray_service_can_be_deployed():
    service = _yaml("rayservice.yaml")
    config = yaml.safe_load(service["spec"]["serveConfigV2"])
    cluster = service["spec"]["rayClusterConfig"]
    arguments = ServeArguments(**config["applications"][0]["args"])
    settings = ServerSettings(**arguments.serve)
    workers = cluster["workerGroupSpecs"][0]
    pod = workers["template"]["spec"]["containers"][0]
    assert settings.threads == int(pod["resources"]["limits"]["cpu"]), "one replica a pod"
    assert (workers["minReplicas"], workers["maxReplicas"]) == (settings.replicas, settings.most_replicas)
    assert f"ray=={cluster['rayVersion']}\n" in (ROOT / "constraints.txt").read_text()
    for spec in (cluster["headGroupSpec"], workers):
        containers = spec["template"]["spec"]["containers"]
        assert {one["name"]: one["value"] for one in containers[0]["env"]} == SWITCHES
        assert arguments.run.parent == Path(containers[0]["volumeMounts"][0]["mountPath"])
    # In a process of its own: Ray reads its switches when it is imported, and other tests may set them.
    check = """
import importlib, sys, yaml
from ray.serve.schema import ServeDeploySchema
config = ServeDeploySchema(**yaml.safe_load(sys.stdin.read()))
module, name = config.applications[0].import_path.split(":")
assert callable(getattr(importlib.import_module(module), name))
assert config.http_options.port == 8000
"""
    ran = subprocess.run(
        [sys.executable, "-c", check],
        input=service["spec"]["serveConfigV2"],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    if "No module named 'ray'" in ran.stderr:
        pytest.skip("needs Ray: pip install 'distilrank[serve]'")
    assert ran.returncode == 0, ran.stderr
