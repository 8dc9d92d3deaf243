import katex from "katex";
import "katex/dist/katex.min.css";

/** Writes a formula into an element. Nothing it can say loads, links or runs anything. */
export function writeFormula(element: HTMLElement, formula: string, display: boolean): void {
  katex.render(formula, element, {
    displayMode: display,
    throwOnError: false,
    trust: false,
    strict: "ignore",
    maxExpand: 200,
    maxSize: 30,
    errorColor: "currentColor",
    output: "htmlAndMathml",
  });
}
