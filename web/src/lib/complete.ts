/**
 * What the API answers. The description says which fields have defaults; answers always carry every field, so
 * nothing in them is optional.
 */
export type Complete<T> = T extends (infer Item)[]
  ? Complete<Item>[]
  : T extends object
    ? { [Name in keyof T]-?: Complete<Exclude<T[Name], undefined>> }
    : T;
