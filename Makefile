# Two commands matter: `make sandbox` runs everything on this machine, `make test` tests everything.

CARGO ?= cargo
TARGET_DIR := $(if $(CARGO_TARGET_DIR),$(CARGO_TARGET_DIR),target)
BINARIES := -p pagos-simulator -p pagos-control-plane -p pagos-agent -p pagos-sandbox

.DEFAULT_GOAL := help
.PHONY: help sandbox test setup format lint docs build-tests run-tests faults chaos fuzz-api soak world bench deny clean

help: ## Say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

sandbox: ## Build and run the whole system here, without a router or a bank; ARGS="--http-port 0" for options
	$(CARGO) build --locked --profile perf --bins $(BINARIES)
	@exec $(TARGET_DIR)/perf/pagos-sandbox $(ARGS)

test: setup format lint docs build-tests run-tests ## Test everything; installs or finds what it needs

setup: ## Find or install PostgreSQL and the Python packages that tests need
	@scripts/setup

format: ## Check the format
	$(CARGO) fmt --all --check

lint: ## Run the linter; a warning is an error
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

docs: ## Check the documentation of the crates; a warning is an error
	RUSTDOCFLAGS="-D warnings -A rustdoc::private_intra_doc_links" $(CARGO) doc --locked --workspace --no-deps --document-private-items --lib

# One build for programs and tests: built apart, each would choose other features and compile the dependencies anew.
build-tests: ## Build all programs and tests
	$(CARGO) build --locked --workspace --all-targets

run-tests: ## Run all tests on both databases (after setup and build-tests)
	REQUIRE_SERVICES=1 $(TARGET_DIR)/debug/with-services $(CARGO) test --locked --workspace

faults: ## Provoke every fault at both gateways on both databases and print how each ended; FAULTS="refund" chooses
	$(CARGO) build --locked --profile perf --bins $(BINARIES) -p pagos-suite
	@$(TARGET_DIR)/perf/faults $(FAULTS)

chaos: ## Break everything at random under load, one half of MINUTES on each database; ARGS="--seed 7" for options
	$(CARGO) build --locked --profile perf --bins $(BINARIES) -p pagos-suite
	@$(TARGET_DIR)/perf/chaos --minutes $(or $(MINUTES),10) $(ARGS)

fuzz-api: ## Try the whole interface against its description with Schemathesis on both databases: EXAMPLES=100, ARGS for a seed
	$(CARGO) build --locked --profile perf --bins $(BINARIES) -p pagos-suite
	@$(TARGET_DIR)/perf/fuzz-api $(or $(EXAMPLES),100) $(ARGS)

soak: ## Run many seeded worlds: SEEDS=2000, FROM=0
	$(CARGO) build --locked --profile perf --bin worlds -p pagos-suite
	@$(TARGET_DIR)/perf/worlds --seeds $(or $(SEEDS),2000) --from $(or $(FROM),0)

world: ## Run one seeded world and print its trace: SEED=7
	$(CARGO) build --locked --bin worlds -p pagos-suite
	@$(TARGET_DIR)/debug/worlds --seed $(or $(SEED),0)

bench: ## Measure everything on both databases, some minutes; ARGS="--only users" for less, ARGS=--help for more
	$(CARGO) build --locked --profile perf --bins $(BINARIES) -p pagos-suite
	@$(TARGET_DIR)/perf/bench $(ARGS)

deny: ## Check licences, banned crates and sources (needs cargo-deny)
	$(CARGO) deny check licenses bans sources

clean: ## Remove what was built, and the Python packages
	$(CARGO) clean
	rm -rf .venv
