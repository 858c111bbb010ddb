// Runs in the sandbox, before jest. ts-jest would check the types of all that a test reaches before it runs the first one,
// which takes many times as long as the tests; here it only takes the types away, as every other runner does.
"use strict";

const Module = require("node:module");
const load = Module._load;

Module._load = function (...words) {
  const loaded = load.apply(this, words);
  const settings = loaded?.ConfigSet?.prototype;
  if (settings?._backportJestCfg && !Object.hasOwn(settings, "quicker")) {
    const read = settings._backportJestCfg;
    settings.quicker = true;
    settings._backportJestCfg = function (...given) {
      const result = read.apply(this, given);
      const globals = this._jestCfg.globals ?? {};
      const own = { ...globals["ts-jest"], isolatedModules: true };
      this._jestCfg = { ...this._jestCfg, globals: { ...globals, "ts-jest": own } };
      return result;
    };
  }
  return loaded;
};
