# Where the programs of the environment are, with the slash at the end, if it is not active: make BIN=.venv/bin/ check
BIN ?=

.PHONY: check lint types imports test golden sheets

check: lint types imports test

lint:
	$(BIN)ruff check .

types:
	$(BIN)mypy --strict

imports:
	$(BIN)lint-imports

test:
	$(BIN)pytest -n auto

# writes the golden traces anew; read the difference before it is committed
golden:
	DERIVGEN_GOLDEN=write $(BIN)pytest -q -k golden
	git --no-pager diff --stat -- tests/golden

sheets:
	$(BIN)derivgen build
