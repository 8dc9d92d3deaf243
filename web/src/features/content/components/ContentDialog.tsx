import Box from "@mui/material/Box";
import Button from "@mui/material/Button";
import Dialog from "@mui/material/Dialog";
import DialogActions from "@mui/material/DialogActions";
import DialogContent from "@mui/material/DialogContent";
import DialogTitle from "@mui/material/DialogTitle";
import Divider from "@mui/material/Divider";
import { useTheme } from "@mui/material/styles";
import useMediaQuery from "@mui/material/useMediaQuery";
import { useQuery } from "@tanstack/react-query";
import { Fragment, useId } from "react";
import { ErrorNotice } from "@/components/ErrorNotice";
import { Loading } from "@/components/Loading";
import { useText } from "@/i18n/locale";
import { requestContentQuery } from "../api/content_api";
import { KeptContentView } from "./KeptContentView";

/** What was asked and answered in one request. Opening it reads it, which is written into the audit log. */
export function ContentDialog({ requestId, onClose }: { requestId: string; onClose: () => void }) {
  const text = useText();
  const id = useId();
  const narrow = useMediaQuery(useTheme().breakpoints.down("sm"), { noSsr: true });
  const kept = useQuery(requestContentQuery(requestId));
  return (
    <Dialog open fullWidth maxWidth="md" fullScreen={narrow} onClose={onClose} aria-labelledby={id}>
      <DialogTitle id={id}>{text("contentTitle")}</DialogTitle>
      <DialogContent dividers tabIndex={0} aria-busy={kept.isPending}>
        <Box component="p" sx={{ m: 0, mb: 2.5, color: "text.secondary" }}>
          {text("contentAudited")} <code dir="ltr">{requestId}</code>
        </Box>
        {kept.isPending && <Loading />}
        {kept.error && <ErrorNotice error={kept.error} retry={() => void kept.refetch()} />}
        {kept.data?.items.map((content, index) => (
          <Fragment key={index}>
            {index > 0 && <Divider sx={{ my: 3 }} />}
            <KeptContentView content={content} />
          </Fragment>
        ))}
        {kept.data !== undefined && kept.data.more > 0 && (
          <Box component="p" sx={{ mt: 3, mb: 0, color: "text.secondary" }}>
            {text("contentMore", { count: kept.data.more })}
          </Box>
        )}
      </DialogContent>
      <DialogActions>
        <Button onClick={onClose}>{text("close")}</Button>
      </DialogActions>
    </Dialog>
  );
}
