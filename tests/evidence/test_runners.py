"""vitest and jest for real, each in its sandbox: what they say of an edit, in projects as people have them."""

import asyncio
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from hybrid_lsp.core.check import Verdict
from hybrid_lsp.evidence import Evidence, Sandbox

SANDBOX = Sandbox()
INSTALLED = Path(os.environ.get("HYBRID_LSP_TEST_NODE_MODULES") or Path(__file__).with_name("runners") / "node_modules")
NEEDS = "needs Node.js, and vitest and jest: `npm ci` in tests/evidence/runners, or HYBRID_LSP_TEST_NODE_MODULES"
PASSES = (Verdict(name="tests", passed=True),)

pytestmark = [
    pytest.mark.privilege,
    pytest.mark.skipif(not SANDBOX.available(), reason=SANDBOX.why_not()),
    pytest.mark.skipif(not (INSTALLED / "jest").is_dir() or shutil.which("node") is None, reason=NEEDS),
]

TOTAL = """import { RATE } from "@shop/rates";

export function total(prices: readonly number[]): number {
  return prices.reduce((sum, price) => sum + price, 0) * RATE;
}
"""
SETTINGS = "packages/sums/vitest.config.ts"
VITEST = {
    "package.json": '{"private": true, "workspaces": ["packages/*"]}',
    "packages/rates/package.json": '{"name": "@shop/rates", "type": "module", "main": "rates.js"}',
    "packages/rates/rates.js": "export const RATE = 2;\n",
    "packages/sums/package.json": '{"name": "@shop/sums", "type": "module", "devDependencies": {"vitest": "*"}}',
    "packages/sums/tsconfig.json": '{"compilerOptions": {"strict": true, "module": "ESNext", "target": "ES2022"}}',
    SETTINGS: """import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const source: string = fileURLToPath(new URL("./src", import.meta.url));
export default defineConfig({
  resolve: { alias: { "@": source } },
  test: { globals: true, bail: 1, setupFiles: "./setup.ts", coverage: { enabled: true, provider: "istanbul" } },
});
""",
    "packages/sums/setup.ts": "setInterval(() => {}, 60_000);\n",
    "packages/sums/src/total.ts": TOTAL,
    "packages/sums/tests/prices.json": "[1, 2]",
    "packages/sums/tests/__snapshots__/total.test.ts.snap": """// Vitest Snapshot v1, https://vitest.dev/guide/snapshot.html

exports[`total > is as it was 1`] = `6`;
""",
    "packages/sums/tests/total.test.ts": """import { total } from "@/total";
import prices from "./prices.json";

describe("total", () => {
  it("fails already", () => expect(total(prices)).toBe(7));
  it("adds", () => expect(total(prices as number[])).toBe(6));
  it("is as it was", () => expect(total(prices)).toMatchSnapshot());
});
""",
}
SUM = """function total(prices) {
  return prices.reduce((sum, price) => sum + price, 0);
}

module.exports = { total };
"""
JEST = {
    "package.json": json.dumps({"scripts": {"test": "jest"}}),
    "sum.js": SUM,
    "__tests__/sum.js": """const { total } = require("../sum");

test("fails already", () => expect(total([1])).toBe(7));
test("adds", () => expect(total([1, 2])).toBe(3));
test("leaves something open", () => {
  setInterval(() => {}, 60_000);
  expect(total([1])).toMatchSnapshot();
});
""",
    "__tests__/__snapshots__/sum.js.snap": """// Jest Snapshot v1, https://jestjs.io/docs/snapshot-testing

exports[`leaves something open 1`] = `1`;
""",
}
TS_JEST = {
    "package.json": json.dumps({"jest": {"preset": "ts-jest"}}),
    "tsconfig.json": json.dumps({"compilerOptions": {"module": "CommonJS", "target": "ES2022", "strict": True}}),
    "sum.ts": "export const total = (prices: number[]) => prices.reduce((sum, price) => sum + price, 0);\n",
    "sum.test.ts": """import { total } from "./sum";

const three: string = 3; // no test fails for a type that is wrong
test("adds", () => expect(total([1, 2])).toBe(three));
""",
}
MODULES = {
    "package.json": json.dumps(
        {"type": "module", "scripts": {"test": "node --experimental-vm-modules node_modules/.bin/jest"}}
    ),
    "jest.config.js": "export default { transform: {} };\n",
    "sum.js": SUM.replace("module.exports =", "export"),
    "sum.test.js": """import { expect, jest, test } from "@jest/globals";
import { total } from "./sum.js";

test("adds", () => expect(total([1, 2])).toBe(jest.fn(() => 3)()));
""",
}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """A workspace folder with the runners installed in it."""
    folder = tmp_path / "a shop"
    shutil.copytree(INSTALLED, folder / "node_modules", symlinks=True, copy_function=_link)
    return folder


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def lay(workspace: Path, files: Mapping[str, str]) -> None:
    """Write a project."""
    for path, text in files.items():
        (workspace / path).parent.mkdir(parents=True, exist_ok=True)
        (workspace / path).write_text(text)


def gather(workspace: Path, path: str, old: str, new: str) -> tuple[Verdict, ...]:
    """Ask for evidence of an edit."""
    before = (workspace / path).read_text()
    language = "typescript" if path.endswith(".ts") else "javascript"
    gathering = Evidence(sandbox=SANDBOX).gather(
        root=workspace, path=path, before=before, after=before.replace(old, new), first_line=0,
        last_line=before.count("\n"), language=language, deadline_s=25.0,
    )  # fmt: skip
    return asyncio.run(gathering)


def test_vitest_tells_a_wrong_edit_of_typescript_from_a_right_one(workspace: Path) -> None:
    """In a workspace whose packages are linked and installed at its root, with settings, a setup and a snapshot."""
    lay(workspace, VITEST)
    (workspace / "node_modules/@shop").mkdir()
    (workspace / "node_modules/@shop/rates").symlink_to("../../packages/rates")
    path = "packages/sums/src/total.ts"
    wrong = "2 of 2 tests near the change passed before and fail with the answer."

    assert gather(workspace, path, "sum + price", "sum - price") == (
        Verdict(name="tests", passed=False, sentence=wrong),
    )
    assert gather(workspace, path, "sum + price", "price + sum") == PASSES
    assert not (workspace / "node_modules/.vite-temp").exists()


def test_jest_tells_a_wrong_edit_of_javascript_from_a_right_one(workspace: Path) -> None:
    """Where packages are links to pnpm's place, with a snapshot, and a timer that never ends."""
    lay(workspace, JEST)
    (workspace / "node_modules").rename(workspace / "all")
    (workspace / "node_modules/.pnpm").mkdir(parents=True)
    (workspace / "all").rename(workspace / "node_modules/.pnpm/node_modules")
    (workspace / "node_modules/jest").symlink_to(".pnpm/node_modules/jest")
    wrong = "2 of 2 tests near the change passed before and fail with the answer."

    assert gather(workspace, "sum.js", "sum + price", "sum - price") == (
        Verdict(name="tests", passed=False, sentence=wrong),
    )
    assert gather(workspace, "sum.js", "sum + price", "price + sum") == PASSES


@pytest.mark.parametrize(("files", "path"), [(TS_JEST, "sum.ts"), (MODULES, "sum.js")], ids=["ts-jest", "modules"])
def test_jest_runs_typescript_and_modules_as_the_project_has_it(
    workspace: Path, files: Mapping[str, str], path: str
) -> None:
    """ts-jest without its look at all types, and modules where a script of the project asks for them."""
    lay(workspace, files)

    assert gather(workspace, path, "sum + price", "price + sum") == PASSES


@pytest.mark.parametrize(
    "settings",
    ["browser: { enabled: true, provider: 'playwright', instances: [{ browser: 'chromium' }] }", "...gone()"],
    ids=["browser", "broken"],
)
def test_what_cannot_be_run_stands_against_nothing(workspace: Path, settings: str) -> None:
    """Tests for a browser, and settings that throw: no verdict, not even of a wrong edit."""
    lay(workspace, VITEST | {SETTINGS: VITEST[SETTINGS].replace("bail: 1", settings)})
    (workspace / "packages/sums/src/total.ts").write_text(
        TOTAL.replace('from "@shop/rates"', 'from "../../rates/rates"')
    )

    assert gather(workspace, "packages/sums/src/total.ts", "sum + price", "sum - price") == ()
