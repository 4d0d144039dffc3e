# Verbs only; what they do is in src/flumelab, pyproject.toml and compose.yaml.

RUNTIME ?= auto
LESSON  ?= url-counts
FAULT_KILLS ?= 20
FAULT_SEED  ?= 1
SECONDS ?= 180
SOAK_MINUTES ?= 60
SOAK_RATE ?= 20000
SOAK_KILL_SECONDS ?= 60
SOAK_SEED ?= 1
MUTANTS ?= 45
SEED    ?= 1
SEEDS   ?= 3
LEARNERS ?= 5
RUNNER  ?= pytest
PYTHON  ?= python3

# A shell may export LINES: its terminal's height.
ifneq ($(origin LINES),command line)
LINES   := 10000
endif

BIN     := .venv/bin
FLUMELAB = $(BIN)/flumelab

.DEFAULT_GOAL := help
.PHONY: help lab down lessons classroom test test-unit faults soak experiments fuzz mutants bench lint lint-confs lint-workflows lint-page lint-proof wheel release-check sbom jars licences audit audit-packages audit-jars matrix yarn docs bundle bundle-test classroom-cost lock

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

lab: export LAB_STARTED := $(shell date +%s)
lab: .venv/ready ## start, feed LINES lines, show counts and verdict [RUNTIME=auto|docker|local LESSON= LINES=]
	@$(FLUMELAB) lab --runtime $(RUNTIME) --lesson $(LESSON) --lines $(LINES)

down: .venv/ready ## stop the lab; its state stays [RUNTIME=]
	@$(FLUMELAB) down --runtime $(RUNTIME)

lessons: .venv/ready ## run every lesson, each against the generator's truth [RUNTIME=]
	@$(FLUMELAB) run --runtime $(RUNTIME) $$($(BIN)/python -c 'from flumelab.lessons.catalogue import LESSONS; print(*LESSONS)')
	@LAB_LESSONS=all $(BIN)/python -m pytest tests/docker/test_lessons_in_docker.py tests/integration/test_notebooks.py

classroom: .venv/ready ## prove every exercise: starter, wrong answers, solution [SEEDS=3]
	@$(FLUMELAB) learn verify --seeds $(SEEDS)

test: .venv/ready ## all tests; those that need a Docker engine skip without one [RUNNER=tests.side_by_side]
	@$(FLUMELAB) build --runtime local
	@mvn -q -B -T 2 -f runtimes/pom.xml -P flumelint,older-flume package
	@$(BIN)/python -m $(RUNNER)

test-unit: .venv/ready ## the tests that start no Flume, Spark or container
	@$(BIN)/python -m pytest tests/unit

faults: .venv/ready ## kill every part FAULT_KILLS times under load [FAULT_KILLS=20 FAULT_SEED=1]
	@$(FLUMELAB) build --runtime local
	@FAULT_KILLS=$(FAULT_KILLS) FAULT_SEED=$(FAULT_SEED) $(BIN)/python -m pytest -v \
		tests/faults tests/docker/test_structured.py tests/docker/test_servers_in_docker.py

soak: .venv/ready ## an hour of load with a kill each minute: lost 0, and nothing grows [SOAK_MINUTES=60 SOAK_RATE=20000]
	@$(BIN)/python -m tools.soak --minutes $(SOAK_MINUTES) --rate $(SOAK_RATE) \
		--kill-seconds $(SOAK_KILL_SECONDS) --seed $(SOAK_SEED) --json .lab/soak.json

experiments: .venv/ready ## break the lab on purpose, each with SEEDS loads; checks the theory [SEEDS=3]
	@$(FLUMELAB) experiment run --all --seeds $(SEEDS)

fuzz: .venv/ready ## coverage-guided fuzzing of the protocol code [SECONDS=180]
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/fuzz.txt
	@$(BIN)/python tests/fuzz/fuzz_connection.py -max_total_time=$(SECONDS)

mutants: .venv/ready ## how many small changes of the connector the unit tests notice [MUTANTS=45 SEED=1]
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/mutants.txt
	@$(BIN)/python -m tools.mutants --count $(MUTANTS) --seed $(SEED)

bench: .venv/ready ## the benchmarks; each prints a ratio
	@$(FLUMELAB) build --runtime local
	@for bench in benchmarks/*.py; do $(BIN)/python $$bench || exit 1; done

lint-confs: .venv/ready ## flumelint, over every conf of the lab and in its pages
	@$(BIN)/flumelint --no-notes --no-flows --markdown .

lint-page: .venv/ready ## make the pages of flumelint's rules anew, and its picture
	@$(BIN)/python -m tools.flumelint.pages

lint: lint-workflows ## ruff, mypy, the import contracts, and the workflows
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

# Without shellcheck and pyflakes, which actionlint calls where it finds them: each machine says the same.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

lint-workflows: .venv/ready ## zizmor and actionlint over .github/, and the form of what other programs read
	@$(BIN)/zizmor --offline --quiet --pedantic .github
	@if GOBIN="$(CURDIR)/$(BIN)" go install $(ACTIONLINT); then $(BIN)/actionlint -shellcheck= -pyflakes=; \
		else echo "lint: actionlint is left out, since Go has not built it (see above)"; test -z "$$LAB_REQUIRE_GO"; fi
	@$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --builtin-schema custom.github-workflows-require-timeout .github/workflows/*.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.gitlab-ci --data-transform gitlab-ci examples/gitlab/gitlab-ci.yml
	@$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff

lint-proof: .venv/ready ## read Flume's keys, and run every lint rule's examples in Flume, anew
	@$(FLUMELAB) build --runtime local
	@mvn -q -B -f runtimes/pom.xml -P flumelint -pl ../tools/flumelint -am -DskipTests package
	@$(BIN)/python -m tools.flumelint.make_components
	@$(BIN)/python -m tools.flumelint.prove
	@$(BIN)/python -m tools.flumelint.numbers

wheel: .venv/ready ## the wheels of connector, linter and lab, in dist/
	@$(FLUMELAB) build --runtime local
	@$(BIN)/python -m pip wheel -q --no-deps --no-index --no-build-isolation -w dist ./connector ./src/flumelint .
	@ls dist/*.whl

release-check: .venv/ready ## build all distributions as a release does, and install them anew
	@$(FLUMELAB) build --runtime local
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/release.txt
	@$(BIN)/python -m tools.release

sbom: .venv/ready ## what is in each image, in dist/sboms/; they have to be built [IMAGES="flume spark"]
	@$(BIN)/python -m tools.release.images $(IMAGES)

jars: .venv/ready
	@$(FLUMELAB) build --runtime local
	@mvn -q -B -T 2 -DskipTests -f runtimes/pom.xml -P servers package

licences: jars ## count the licences of what users get, and name what is not allowed
	@$(BIN)/python -m tools.release.licences

audit: ## known vulnerabilities of what the lock names, and of the jars; needs the internet
	@$(MAKE) --no-print-directory --keep-going audit-packages audit-jars

# A package that cannot be looked up is a failure, too: nothing found would otherwise look clean.
audit-packages: .venv/ready ## the first half: the lock, without its rows for another Python
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/release.txt
	@for lock in requirements/*.txt; do echo "$$lock" && $(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off -r $$lock || failed=1; done; exit $${failed:-0}

audit-jars: jars ## the second half: the jars, by osv-scanner, which Go builds if it is not installed
	@$(BIN)/python -m tools.release.audit

docs: .venv/ready ## the docs as a site that works from files, with search, in dist/docs
	@$(BIN)/python -m tools.docs.site

matrix: .venv/ready ## the connector on Spark 4.0 to 4.3, and its page [SPARK=4.0]
	@$(FLUMELAB) build --runtime local
	@mvn -q -B -f runtimes/pom.xml -P older-flume -pl older-flume/flume-1.9,older-flume/flume-1.10 package
	@$(BIN)/python -m tools.matrix $(if $(SPARK),--spark $(SPARK))

yarn: .venv/ready ## the connector on a YARN of this machine, in both deploy modes
	@$(FLUMELAB) build --runtime local
	@mvn -q -B -f runtimes/pom.xml -P yarn -pl ../tools/yarn package
	@$(BIN)/python -m tools.yarn

bundle: .venv/ready ## one archive for a room without internet, in dist/; its images need Docker
	@$(BIN)/python -m tools.bundle

bundle-test: .venv/ready ## build that archive, and start it in both ways with the network cut off
	@$(BIN)/python -m tools.bundle.try_offline

classroom-cost: .venv/ready ## what learners cost here; needs flumelab classroom up [LEARNERS=5]
	@$(BIN)/python -m tools.classroom_cost --learners $(LEARNERS)

# Build tools first and without isolation: so everything that runs comes from the lock. PySpark is a
# source archive of 450 MB: its wheel would be compressed for ten seconds, to be unpacked at once.
.venv/ready: requirements/build.txt requirements/dev.txt pyproject.toml connector/pyproject.toml src/flumelint/pyproject.toml
	@echo "lab: setting up .venv from the lock (first time: a minute or two)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lab: Python 3.11 or later is needed; make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes --no-build-isolation --use-pep517 \
		--config-settings=--build-option=--compression=stored -r requirements/dev.txt
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-index --no-build-isolation -e connector -e src/flumelint -e .
	@touch $@

UV_COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" uv pip compile --quiet --upgrade --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--no-emit-package pyspark-flume --no-emit-package flumelint

lock: ## renew requirements/*.txt from the two pyproject.toml (needs uv)
	$(UV_COMPILE) --group pyproject.toml:build -o requirements/build.txt
	$(UV_COMPILE) pyproject.toml -o requirements/spark.txt
	$(UV_COMPILE) --group pyproject.toml:fuzz -o requirements/fuzz.txt
	$(UV_COMPILE) pyproject.toml connector/pyproject.toml --extra connect --extra testing \
		--group build --group dev --group docs --group outlets \
		-c requirements/build.txt -c requirements/spark.txt -o requirements/dev.txt
	$(UV_COMPILE) --group pyproject.toml:mutants -c requirements/dev.txt -o requirements/mutants.txt
	$(UV_COMPILE) --group pyproject.toml:outlets -c requirements/dev.txt -o requirements/outlets.txt
	$(UV_COMPILE) --group pyproject.toml:notebook -c requirements/dev.txt -o requirements/notebook.txt
	$(UV_COMPILE) --group pyproject.toml:release -c requirements/dev.txt -o requirements/release.txt
