/** The name of a model that an engine offers to see whether the interface takes it for markup. */
export const HOSTILE_MODEL = `<img src=x onerror="window.broken=1">`;
