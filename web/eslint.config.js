import js from "@eslint/js";
import jsxA11y from "eslint-plugin-jsx-a11y";
import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["node_modules", "src/lib/schema.d.ts"] },
  js.configs.recommended,
  tseslint.configs.recommended,
  jsxA11y.flatConfigs.recommended,
  { files: ["src/**/*.{ts,tsx}"], plugins: { "react-hooks": reactHooks }, rules: reactHooks.configs.recommended.rules },
  {
    files: ["src/**/*.{ts,tsx}"],
    rules: {
      "no-console": "error",
      "react-hooks/set-state-in-effect": "off",
      // It warns of what React's compiler, which is not in use here, would leave alone.
      "react-hooks/incompatible-library": "off",
      "jsx-a11y/no-autofocus": "off",
      "no-restricted-syntax": [
        "error",
        { selector: "JSXAttribute[name.name='dangerouslySetInnerHTML']", message: "Nothing here is ever made from markup." },
        { selector: "MemberExpression[property.name='innerHTML']", message: "Nothing here is ever made from markup." },
      ],
      "no-restricted-globals": ["error", { name: "localStorage", message: "Use lib/storage." }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
    },
  },
  { files: ["src/lib/storage.ts", "src/**/*.test.{ts,tsx}", "src/testing/**"], rules: { "no-restricted-globals": "off" } },
  { files: ["scripts/**", "end-to-end/**", "*.ts"], languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly", Buffer: "readonly", setTimeout: "readonly", fetch: "readonly", performance: "readonly", window: "readonly", document: "readonly", PerformanceObserver: "readonly" } } },
);
