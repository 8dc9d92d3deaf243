import { resolve } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** By name: the first file meets a Covey without any account. */
class ByName extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return [...files].sort((one, other) => one.moduleId.localeCompare(other.moduleId));
  }
}

/** The whole of Covey in a real browser. One Covey and one Chromium at a time: files run one after another. */
export default defineConfig({
  root: resolve(import.meta.dirname, ".."),
  resolve: { alias: { "@": resolve(import.meta.dirname, "../src") } },
  test: {
    include: ["end-to-end/**/*.test.ts"],
    globalSetup: ["end-to-end/setup.ts"],
    environment: "node",
    pool: "forks",
    fileParallelism: false,
    sequence: { sequencer: ByName },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    retry: 1,
    reporters: ["default"],
  },
});
