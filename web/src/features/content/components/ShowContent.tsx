import { mdiEyeOutline } from "@mdi/js";
import Button from "@mui/material/Button";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Icon } from "@/components/Icon";
import { useText } from "@/i18n/locale";
import { contentPolicyQuery } from "../api/content_api";

const ContentDialog = lazy(() => import("./ContentDialog").then((loaded) => ({ default: loaded.ContentDialog })));

/** Opens what was asked and answered in a request; not there where nothing is kept. */
export function ShowContent({ requestId }: { requestId: string }) {
  const text = useText();
  const [open, setOpen] = useState(false);
  const kept = useQuery(contentPolicyQuery).data?.kept ?? false;
  if (!kept) return null;
  return (
    <>
      <Button variant="outlined" startIcon={<Icon path={mdiEyeOutline} />} onClick={() => setOpen(true)} sx={{ justifySelf: "start" }}>
        {text("contentShow")}
      </Button>
      {open && (
        <Suspense>
          <ContentDialog requestId={requestId} onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
