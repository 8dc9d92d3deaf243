/** Gets a model that is small enough for any machine, on the command line of the service. */
export const FIRST_MODEL_COMMAND = "covey pull smollm2:135m";
