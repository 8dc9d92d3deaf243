import MenuItem from "@mui/material/MenuItem";
import TextField from "@mui/material/TextField";
import { useInfiniteQuery } from "@tanstack/react-query";
import { usersQuery } from "@/features/users/api/users_api";
import { useText } from "@/i18n/locale";

/** Whose usage an administrator looks at: the own, everybody's (`*`) or one account's. */
export function WhoseUsage({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const text = useText();
  const users = useInfiniteQuery(usersQuery);
  const people = users.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <TextField
      select
      size="small"
      label={text("usageWhose")}
      value={value}
      onChange={(event) => onChange(event.target.value)}
      sx={{ width: "12rem" }}
      slotProps={{ inputLabel: { shrink: true }, select: { displayEmpty: true } }}
    >
      <MenuItem value="">{text("usageOwn")}</MenuItem>
      <MenuItem value="*">{text("usageEverybody")}</MenuItem>
      {people.map((user) => (
        <MenuItem key={user.id} value={user.id}>
          <bdi>{user.username}</bdi>
        </MenuItem>
      ))}
    </TextField>
  );
}
