// What is needed only when conversations leave or enter Covey, loaded at that moment.
export { download, importAll, readWhole } from "./api/transfer";
export { asJson, asMarkdown, fileName } from "./export_formats";
export { ImportError, type ImportProblem, readImport } from "./import_formats";
