# Recipes stay at one to three lines; anything longer is a script. `make help` lists every target.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*?## ' $(MAKEFILE_LIST) | awk -F ':.*?## ' '{printf "  make %-14s %s\n", $$1, $$2}'

.venv/ready: requirements-dev.lock
	$(PYTHON) -m venv .venv && $(BIN)/pip install --quiet --require-hashes -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable . && touch $@

.PHONY: run
run: .venv/ready ## The whole pipeline on this machine: embedded Valkey, receiver, three groups, simulator, live view
	$(BIN)/salesloft-webhooks up --demo

# A process for each core: tests/conftest.py says why not more.
PARALLEL := -n auto --dist worksteal
# Tests that do not look at time wait for nearly half of theirs: three processes for two cores.
MORE_PARALLEL := -n $(shell expr \( $$(getconf _NPROCESSORS_ONLN) \* 3 + 1 \) / 2) --dist worksteal
# What .ci/run gives to pytest besides: see CONTRIBUTING.md, "A test that fails now and then".
SECOND_TRY ?=
# Beginnings of tests that .ci/run has seen pass a moment before, under coverage: it leaves them out of `make test`.
PASSED ?=

.PHONY: test
test: .venv/ready ## Every test
	$(BIN)/pytest $(PARALLEL) $(addprefix --deselect ,$(PASSED)) $(SECOND_TRY)

.PHONY: fast
fast: .venv/ready ## The tests that need no server, in less than a minute
	$(BIN)/pytest -q -n 2 tests/unit

COVERED := tests/unit/ tests/integration/cli/ tests/integration/broker/administration/ tests/integration/handlers/builtin/ \
  $(addprefix tests/console/,test_actions.py test_pages.py test_role_matrix.py test_static_files.py test_streams.py test_tokens.py) \
  $(addprefix tests/operator/,test_cluster.py test_deletion.py test_managed_rotation.py test_release.py test_subscriptions.py) \
  $(addprefix tests/integration/backfill/,test_outage.py test_passed_over.py test_state.py test_troubles.py) \
  $(addprefix tests/integration/broker/,test_arrivals.py test_backfill_jobs.py test_earlier_lanes.py test_partition_raise.py test_unfinished_raises.py)

SECTIONS ?=
BENCH ?=

.PHONY: bench
bench: .venv/ready ## Measure everything beside its peers, 20 minutes (SECTIONS="receive work", BENCH="--rounds 1 --scale 0.2")
	$(BIN)/python -m bench $(SECTIONS) $(BENCH)

.PHONY: counts
counts: .venv/ready ## Write down how much work an event is: commands, bytes, instructions, allocations, which a test compares with
	$(BIN)/python -m bench.work_counts

.PHONY: pictures
pictures: .venv/ready ## Take the README's pictures of the console anew, with Debian's Chromium
	$(BIN)/python -m tests.console.pictures

.PHONY: dictionary
dictionary: .venv/ready ## Train the dictionary of compressed bodies on invented traffic, and say its id (docs/sizing.md)
	$(BIN)/python -m bench.train_dictionary

.PHONY: coverage
coverage: .venv/ready ## How much of the code the tests that do not look at time run: lines and branches, in every process
	$(BIN)/pytest -q $(MORE_PARALLEL) --cov --cov-report=term $(COVERED) $(SECOND_TRY)

.PHONY: test-pythons
test-pythons: .venv/ready ## The same tests, and some with a real server, with every other supported Python that is here
	SECOND_TRY="$(SECOND_TRY)" .ci/pythons

.PHONY: second-tries
second-tries: .venv/ready ## Let every test fail once and see whether it can be tried again (TESTS=tests/operator)
	$(BIN)/pytest -q -p tests.support.second_tries --reruns 1 $(TESTS)

# What keeps the house in order and needs no server, or only the one in a wheel: facts that stand twice, names, seams.
HOUSE := $(addprefix tests/unit/,test_architecture.py test_checks.py test_decisions.py test_delivery_outcomes.py \
  test_event_patterns.py test_links.py test_public_names.py test_settings.py dialects/test_seam.py \
  handlers/test_builtin_groups.py cli/test_reference.py telemetry/test_reference.py telemetry/test_dashboards.py) \
  tests/integration/broker/administration/test_records.py

.PHONY: check
check: .venv/ready ## Format, lint, types, import contracts, sizes, names, dead code, facts that stand twice
	$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache
	for check in .ci/checks/*.py; do $(BIN)/python $$check || exit 1; done
	$(BIN)/pytest -q $(HOUSE)

.PHONY: tools
tools: .venv/ready ## What the chart is checked with, pinned by content and built with Go into .tools/
	$(BIN)/python .ci/tools/install.py

.PHONY: docs
docs: .venv/ready ## Write everything generated again: reference pages and dashboards
	$(BIN)/python -m salesloft_webhooks.cli.reference docs && $(BIN)/python -m salesloft_webhooks.handlers.reference .
	$(BIN)/python -m salesloft_webhooks.telemetry.reference > docs/metrics.md
	$(BIN)/python -m salesloft_webhooks.receiver.reference > docs/answers.md && $(BIN)/python -m salesloft_webhooks.broker.reference docs/architecture.md
	$(BIN)/python -m dashboards && $(BIN)/python -m dashboards.runbook_index && $(BIN)/python -m typed_resources
	$(BIN)/python .ci/checks/licences.py --write

WAREHOUSE ?=

.PHONY: warehouse
warehouse: .venv/ready ## A million events into Parquet files while workers are killed, counted by DuckDB, typed tables too (WAREHOUSE="--events 10000")
	$(BIN)/python -m bench.warehouse $(WAREHOUSE)

.PHONY: scaling
scaling: .venv/ready ## Measure the slopes of docs/scaling.md anew, and write the page with them: five minutes
	$(BIN)/python -m bench.scaling && $(BIN)/python -m bench.scaling_page

.PHONY: model
model: .venv/ready ## Explore every state of an entry in a group at small scope, with the scripts on a real server: ten minutes
	$(BIN)/python -m tests.model

SECONDS ?= 600
FUZZ ?=

.PHONY: fuzz
fuzz: .venv/ready ## Search for faults of everything that reads what others write (SECONDS=60 FUZZ="sources entries --keep")
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(FUZZ)

ATTACK ?=

.PHONY: attack
attack: .venv/ready ## Attack a live receiver by a grammar of HTTP, beside signed traffic: five minutes (ATTACK="--seed 1")
	$(BIN)/python -m tests.fuzz.http $(ATTACK)

.PHONY: timing
timing: .venv/ready ## Measure whether verifying tells anything about keys by its time, on a quiet machine: some minutes
	$(BIN)/python -m tests.timing

SCENES ?=
FAULTS ?=

.PHONY: chaos
chaos: .venv/ready ## Every fault at a live pipeline, counted, half an hour (SCENES="fsync" FAULTS="worker killed,server frozen")
	$(BIN)/python -m tests.chaos --scenes "$(SCENES)" --faults "$(FAULTS)"

SOAK ?=

.PHONY: soak
soak: .venv/ready ## An hour at a steady rate with a fault a minute, and nothing grows (SOAK="--minutes 10": ten minutes)
	$(BIN)/python -m tests.chaos.soak $(SOAK)

.PHONY: observe
observe: .venv/ready ## A local Prometheus with the rules and alerts on the running `make run` pipeline
	.ci/prometheus && $(BIN)/python -m tests.prometheus

.PHONY: chart
chart: tools ## Write what is generated from the chart: its README, the plain manifests
	.ci/chart

.PHONY: release
release: chart ## Keep the chart as it is now as a released version, which every later one must be able to follow
	.tools/bin/helm package charts/salesloft-webhooks --destination tests/chart/released

.PHONY: check-chart
check-chart: tools ## The chart: lint, schemas of eight Kubernetes versions, unit and policy tests, a real API server
	CI=true $(BIN)/pytest tests/chart $(SECOND_TRY)

DOCKER ?= docker
IMAGE ?= salesloft-webhooks:dev
VERSION := $(shell sed -n 's/^version = "\(.*\)"$$/\1/p' pyproject.toml)
BUILD_OPTIONS ?=

.PHONY: image
image: ## The container image (BUILD_OPTIONS: for example --secret id=pip,src=pip.conf)
	DOCKER_BUILDKIT=1 $(DOCKER) build --tag $(IMAGE) --build-arg REVISION=$$(git rev-parse HEAD) --build-arg VERSION=$(VERSION) $(BUILD_OPTIONS) .

.PHONY: test-image
test-image: image .venv/ready ## The image's roles in restricted containers, with a real engine
	DOCKER=$(DOCKER) IMAGE=$(IMAGE) $(BIN)/pytest tests/image $(SECOND_TRY)

.PHONY: node-image
node-image: tools .venv/ready ## What a kind cluster's nodes run, pulled or else built: ten minutes
	DOCKER=$(DOCKER) .ci/cluster/node

.PHONY: test-kind
test-kind: tools image .venv/ready ## The chart's pods on a kind cluster: install, roll-outs, network policies, database, keys
	DOCKER=$(DOCKER) IMAGE=$(IMAGE) .ci/cluster/run $(BIN)/pytest tests/kind $(SECOND_TRY)

NEIGHBOURS ?= metrics-server redis cert-manager traefik external-secrets \
  prometheus-operator keda argo-cd released pages

.PHONY: test-neighbours
test-neighbours: tools image .venv/ready ## The chart beside what a cluster has (NEIGHBOURS="metrics-server redis": only these)
	DOCKER=$(DOCKER) IMAGE=$(IMAGE) NEIGHBOURS="$(NEIGHBOURS)" .ci/cluster/run $(BIN)/pytest tests/neighbours $(SECOND_TRY)

# What .ci/run has as well: of these nothing has to be built but metrics-server.
QUICK := metrics-server redis

.PHONY: test-cluster
test-cluster: tools image .venv/ready ## Both of them in one cluster, beside the neighbours that are quick
	DOCKER=$(DOCKER) IMAGE=$(IMAGE) BESIDE="$(QUICK)" .ci/cluster/run .ci/cluster/at_once $(SECOND_TRY)

.PHONY: release-tools
release-tools: .venv/ready ## What signs a release and lists what is in it, built with Go into .tools/
	$(BIN)/python .ci/tools/install.py release

.PHONY: test-release
test-release: tools release-tools ## A release into a registry of its own: pushed, signed, verified, installed, followed
	DOCKER=$(DOCKER) $(BIN)/pytest tests/release $(SECOND_TRY)

.PHONY: format
format: .venv/ready ## Format and apply safe fixes
	$(BIN)/ruff format . && $(BIN)/ruff check --fix .

.PHONY: audit
audit: .venv/ready ## Known vulnerabilities of what the locks pin, where their advisories can be had
	$(BIN)/python .ci/audit

.PHONY: lock
lock: .venv/ready ## Resolve the dependencies again, with hashes and without addresses
	.ci/lock
