/// <reference types="vite/client" />
declare module "@fontsource-variable/figtree";
declare module "@mui/stylis-plugin-rtl" {
  const plugin: (element: unknown) => void;
  export default plugin;
}
