/** The look of Covey: paper and ink, a deep green, and the rust of a partridge's wing. */
export const light = {
  paper: "#f6f4ee",
  surface: "#fffefb",
  sunken: "#ece8dd",
  line: "#d9d3c4",
  ink: "#1b2422",
  inkSoft: "#55605b",
  green: "#0b5d57",
  greenDeep: "#08443f",
  onGreen: "#ffffff",
  rust: "#a94c15",
  good: "#2a6a3c",
  caution: "#7d5200",
  danger: "#ab2319",
  notice: "#245e8c",
};

export const dark: typeof light = {
  paper: "#101716",
  surface: "#17201f",
  sunken: "#1f2a28",
  line: "#2f3e3b",
  ink: "#e8ede9",
  inkSoft: "#a5b3ae",
  green: "#7fd1c4",
  greenDeep: "#a5e3d8",
  onGreen: "#06201d",
  rust: "#f0a06a",
  good: "#7cc98f",
  caution: "#e3b65b",
  danger: "#f59a92",
  notice: "#8cc0ea",
};

export const FONT = '"Figtree Variable", "Segoe UI", "Noto Sans", "Noto Sans Arabic", system-ui, sans-serif';
export const MONO = 'ui-monospace, "Cascadia Code", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace';

/** Widest a line of text gets, so that it stays readable. */
export const MEASURE = "46rem";
export const SIDEBAR_WIDTH = "17.5rem";
