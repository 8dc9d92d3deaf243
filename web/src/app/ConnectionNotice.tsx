import Alert from "@mui/material/Alert";
import { useText } from "@/i18n/locale";
import { useConnection } from "@/lib/live/connection";

/** Says that the connection to the service is lost while it is being made again. */
export function ConnectionNotice() {
  const text = useText();
  const lost = useConnection((state) => state.state === "lost");
  return (
    <div role="status">
      {lost && (
        <Alert severity="warning" sx={{ borderRadius: 0 }}>
          {text("offline")}
        </Alert>
      )}
    </div>
  );
}
