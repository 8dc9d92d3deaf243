// Made by `npm run api` from the routes of the bridge. Do not edit.

export interface paths {
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the process answers at all */
        get: operations["health.livez"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether requests can be served; the first thing to fail when draining */
        get: operations["health.readyz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The same as /readyz */
        get: operations["health.healthz"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/chat/completions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Answer a conversation */
        post: operations["openai.chat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/completions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Continue a text */
        post: operations["openai.completions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Turn texts into vectors */
        post: operations["openai.embeddings"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Models that the credential may use */
        get: operations["openai.models.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One model */
        get: operations["openai.models.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/models/pull": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Fetch a model; answers with its progress as a stream */
        post: operations["models.pull"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/generations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Own generations: running ones, attached ones too, and recent ones */
        get: operations["generations.list"];
        put?: never;
        /** Begin a generation that goes on without a reader */
        post: operations["generations.start"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/generations/{generation_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The events of a generation, from any one on */
        get: operations["generations.follow"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/generations/{generation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One generation with its time line */
        get: operations["generations.get"];
        put?: never;
        post?: never;
        /** Stop a generation */
        delete: operations["generations.cancel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/auth/registration": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who may register */
        get: operations["registration.policy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Make an account */
        post: operations["accounts.register"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Log in */
        post: operations["sessions.login"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Renew a session */
        post: operations["sessions.refresh"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Log out, here or everywhere */
        post: operations["sessions.logout"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/auth/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Change the own password */
        post: operations["accounts.change_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The account that the credential speaks for */
        get: operations["accounts.me"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Own sessions */
        get: operations["sessions.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** End one of the own sessions */
        delete: operations["sessions.revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Own API keys */
        get: operations["keys.list"];
        put?: never;
        /** Make an API key; its secret is shown once */
        post: operations["keys.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke one of the own API keys */
        delete: operations["keys.revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/models": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Models that the credential may use */
        get: operations["models.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/models/{model}/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was decided about a model */
        get: operations["models.get_settings"];
        /** Give a model names, defaults, a description, and say who may use it */
        put: operations["models.set_settings"];
        post?: never;
        /** Take back what was decided about a model */
        delete: operations["models.reset_settings"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/catalogue": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Models that can be fetched */
        get: operations["catalogue.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/pulls": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Models that are being fetched */
        get: operations["pulls.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/pulls/{pull_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Stop fetching a model */
        delete: operations["pulls.cancel"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/models/{model}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One model in detail */
        get: operations["models.show"];
        put?: never;
        post?: never;
        /** Remove a model's files */
        delete: operations["models.remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/running": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Models that are loaded, with their load */
        get: operations["models.running"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/nodes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Nodes and their workers */
        get: operations["nodes.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/nodes/{node}/drain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have a node's processors finish what they have and take nothing new */
        post: operations["nodes.drain"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/nodes/{node}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Have a drained node's processors take requests again */
        post: operations["nodes.resume"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/nodes/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Open invitations of machines, and whether machines can join */
        get: operations["nodes.invitations"];
        put?: never;
        /** Invite a machine to join as a processor node; the token is shown once */
        post: operations["nodes.invite"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/nodes/invitations/{invitation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke the invitation of a machine */
        delete: operations["nodes.revoke_invitation"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/nodes/{node}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Take a machine's identity away and end its connection at once */
        delete: operations["nodes.remove"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/conversations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Own conversations, newest first */
        get: operations["conversations.list"];
        put?: never;
        /** Begin or import a conversation */
        post: operations["conversations.create"];
        /** Delete all own conversations */
        delete: operations["conversations.delete_all"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/conversations/{conversation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One conversation with its messages */
        get: operations["conversations.get"];
        put?: never;
        post?: never;
        /** Delete a conversation */
        delete: operations["conversations.delete"];
        options?: never;
        head?: never;
        /** Rename, pin, file or configure a conversation */
        patch: operations["conversations.update"];
        trace?: never;
    };
    "/covey/v1/conversations/{conversation_id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Add a message */
        post: operations["conversations.append"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/folders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Folders of the own conversations */
        get: operations["conversations.folders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/conversations/{conversation_id}/messages/{message_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete a message and everything below it */
        delete: operations["conversations.delete_branch"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/conversations/{conversation_id}/fork": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A new conversation with the messages down to one of them */
        post: operations["conversations.fork"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/conversations/{conversation_id}/attachments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Keep a picture for messages to name */
        post: operations["attachments.add"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/conversations/{conversation_id}/attachments/{attachment_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A picture of a conversation */
        get: operations["attachments.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/preferences": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Own preferences */
        get: operations["preferences.get"];
        /** Replace the own preferences */
        put: operations["preferences.set"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Usage by day, model and key */
        get: operations["usage.query"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last requests, newest first */
        get: operations["requests.query"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/requests/{request_id}/content": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What was asked and answered, where that is kept; reading it is written into the audit log */
        get: operations["requests.content"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/content-policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether administrators can read what is asked and answered, and for how long */
        get: operations["content.policy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/overview": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The service at a glance */
        get: operations["overview.get"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/settings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The settings in force of the node that answers, secrets masked */
        get: operations["settings.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/audit": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The audit log, newest first */
        get: operations["audit.query"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All accounts */
        get: operations["users.list"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/users/{user_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Delete an account */
        delete: operations["users.delete"];
        options?: never;
        head?: never;
        /** Change a role, suspend or restore an account */
        patch: operations["users.update"];
        trace?: never;
    };
    "/covey/v1/users/{user_id}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Set a new password for an account */
        post: operations["users.reset_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/users/{user_id}/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** API keys of an account */
        get: operations["users.keys"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/users/{user_id}/keys/{key_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke an API key of an account */
        delete: operations["users.revoke_key"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/users/{user_id}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sessions of an account */
        get: operations["users.sessions"];
        put?: never;
        post?: never;
        /** End all sessions of an account */
        delete: operations["users.end_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Invitations */
        get: operations["invitations.list"];
        put?: never;
        /** Invite someone; the code is shown once */
        post: operations["invitations.create"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/invitations/{invitation_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revoke an invitation */
        delete: operations["invitations.revoke"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/signing-keys/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sign new tokens with a new key; nobody is logged out */
        post: operations["signing_keys.rotate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description */
        get: operations["reference.openapi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/covey/v1/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This description as a page */
        get: operations["reference.docs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /**
         * Problem
         * @description RFC 9457.
         */
        Problem: {
            type: string;
            title: string;
            status: number;
            detail: string;
            instance: string;
            request_id: string;
            code: string;
            /** @default [] */
            errors?: {
                [key: string]: string;
            }[];
            /** @default null */
            retry_after_s?: number | null;
        };
        /** HealthState */
        HealthState: {
            status: string;
        };
        /**
         * ChatCompletionRequest
         * @description ``POST /v1/chat/completions``.
         */
        ChatCompletionRequest: {
            model: string;
            /** @default null */
            stream?: boolean | null;
            /** @default null */
            stream_options?: components["schemas"]["StreamOptions"] | null;
            /** @default null */
            temperature?: number | null;
            /** @default null */
            top_p?: number | null;
            /** @default null */
            top_k?: number | null;
            /** @default null */
            min_p?: number | null;
            /** @default null */
            presence_penalty?: number | null;
            /** @default null */
            frequency_penalty?: number | null;
            /** @default null */
            repetition_penalty?: number | null;
            /** @default null */
            repeat_penalty?: number | null;
            /** @default null */
            seed?: number | null;
            /** @default null */
            stop?: string | string[] | null;
            /** @default null */
            max_tokens?: number | null;
            /** @default null */
            logit_bias?: {
                [key: string]: number;
            } | null;
            /** @default null */
            n?: number | null;
            user?: unknown;
            metadata?: unknown;
            store?: unknown;
            service_tier?: unknown;
            safety_identifier?: unknown;
            prompt_cache_key?: unknown;
            prompt_cache_retention?: unknown;
            messages: components["schemas"]["ChatMessage"][];
            /** @default null */
            max_completion_tokens?: number | null;
            /** @default null */
            logprobs?: boolean | null;
            /** @default null */
            top_logprobs?: number | null;
            /** @default null */
            response_format?: Record<string, never> | null;
            /** @default null */
            tools?: Record<string, never>[] | null;
            /** @default null */
            tool_choice?: string | Record<string, never> | null;
            /** @default null */
            parallel_tool_calls?: boolean | null;
            /** @default null */
            reasoning_effort?: string | null;
            /** @default null */
            modalities?: string[] | null;
            /** @default null */
            audio?: unknown;
            /** @default null */
            functions?: unknown;
            /** @default null */
            function_call?: unknown;
            moderation?: unknown;
        };
        /** StreamOptions */
        StreamOptions: {
            /** @default null */
            include_usage?: boolean | null;
        };
        /** ChatMessage */
        ChatMessage: {
            /** @enum {unknown} */
            role: "assistant" | "developer" | "system" | "tool" | "user";
            /** @default null */
            content?: string | (components["schemas"]["TextPart"] | components["schemas"]["ImagePart"])[] | null;
            /** @default null */
            reasoning?: string | null;
            /** @default null */
            name?: string | null;
            /** @default [] */
            tool_calls?: components["schemas"]["ToolCall"][];
            /** @default null */
            tool_call_id?: string | null;
        };
        /** TextPart */
        TextPart: {
            /** @enum {unknown} */
            type: "text";
            text: string;
        };
        /** ImagePart */
        ImagePart: {
            /** @enum {unknown} */
            type: "image_url";
            image_url: components["schemas"]["ImageUrl"];
        };
        /** ImageUrl */
        ImageUrl: {
            url: string;
            /** @default auto */
            detail?: string;
        };
        /** ToolCall */
        ToolCall: {
            /** @default  */
            id?: string;
            /** @default function */
            type?: string;
            /** @default {} */
            function?: components["schemas"]["FunctionCall"];
        };
        /** FunctionCall */
        FunctionCall: {
            /** @default  */
            name?: string;
            /** @default  */
            arguments?: string;
        };
        /**
         * CompletionRequest
         * @description ``POST /v1/completions``.
         */
        CompletionRequest: {
            model: string;
            /** @default null */
            stream?: boolean | null;
            /** @default null */
            stream_options?: components["schemas"]["StreamOptions"] | null;
            /** @default null */
            temperature?: number | null;
            /** @default null */
            top_p?: number | null;
            /** @default null */
            top_k?: number | null;
            /** @default null */
            min_p?: number | null;
            /** @default null */
            presence_penalty?: number | null;
            /** @default null */
            frequency_penalty?: number | null;
            /** @default null */
            repetition_penalty?: number | null;
            /** @default null */
            repeat_penalty?: number | null;
            /** @default null */
            seed?: number | null;
            /** @default null */
            stop?: string | string[] | null;
            /** @default null */
            max_tokens?: number | null;
            /** @default null */
            logit_bias?: {
                [key: string]: number;
            } | null;
            /** @default null */
            n?: number | null;
            user?: unknown;
            metadata?: unknown;
            store?: unknown;
            service_tier?: unknown;
            safety_identifier?: unknown;
            prompt_cache_key?: unknown;
            prompt_cache_retention?: unknown;
            /** @default  */
            prompt?: string | (string | number | number[])[];
            /** @default null */
            suffix?: string | null;
            /** @default null */
            echo?: boolean | null;
            /** @default null */
            best_of?: number | null;
            /** @default null */
            logprobs?: number | null;
        };
        /**
         * EmbeddingRequest
         * @description ``POST /v1/embeddings``.
         */
        EmbeddingRequest: {
            model: string;
            input: string | (string | number | number[])[];
            /** @default null */
            encoding_format?: ("base64" | "float") | null;
            /** @default null */
            dimensions?: number | null;
            user?: unknown;
        };
        /** PullModel */
        PullModel: {
            model: string;
            /** @default null */
            sha256?: string | null;
            /** @default null */
            name?: string | null;
            /** @default false */
            detached?: boolean;
        };
        /** PullProgress */
        PullProgress: {
            status: string;
            /** @default null */
            digest?: string | null;
            /** @default null */
            total_bytes?: number | null;
            /** @default null */
            completed_bytes?: number | null;
        };
        /**
         * NewGeneration
         * @description ``POST /covey/v1/generations``.
         */
        NewGeneration: {
            generate: components["schemas"]["Generate"];
            /** @default null */
            conversation_id?: string | null;
            /** @default null */
            parent_id?: string | null;
            /** @default null */
            answer_to?: string | null;
            /** @default null */
            continue_id?: string | null;
            /** @default false */
            stored_history?: boolean;
        };
        /**
         * Generate
         * @description One generation. Exactly one of ``messages`` (chat) and ``prompt`` (plain completion) is set.
         */
        Generate: {
            model: string;
            /** @default [] */
            messages?: components["schemas"]["ChatMessage"][];
            /** @default null */
            prompt?: string | null;
            /** @default null */
            suffix?: string | null;
            /** @default {} */
            sampling?: components["schemas"]["Sampling"];
            /** @default null */
            response_format?: Record<string, never> | null;
            /** @default [] */
            tools?: Record<string, never>[];
            /** @default null */
            tool_choice?: unknown;
            /** @default null */
            parallel_tool_calls?: boolean | null;
            /** @default false */
            logprobs?: boolean;
            /** @default null */
            top_logprobs?: number | null;
            /** @default null */
            reasoning_effort?: string | null;
            /** @default null */
            think?: boolean | string | null;
            /** @default null */
            keep_alive_s?: number | null;
            /** @default false */
            raw?: boolean;
            /** @default true */
            stream?: boolean;
            /** @default false */
            continue_last?: boolean;
        };
        /**
         * Sampling
         * @description How the next token is chosen and when to stop. None: the model's configured default, or else the engine's.
         */
        Sampling: {
            /** @default null */
            temperature?: number | null;
            /** @default null */
            top_p?: number | null;
            /** @default null */
            top_k?: number | null;
            /** @default null */
            min_p?: number | null;
            /** @default null */
            repeat_penalty?: number | null;
            /** @default null */
            presence_penalty?: number | null;
            /** @default null */
            frequency_penalty?: number | null;
            /** @default null */
            seed?: number | null;
            /** @default [] */
            stop?: string[];
            /** @default null */
            max_tokens?: number | null;
            /** @default null */
            logit_bias?: {
                [key: string]: number;
            } | null;
        };
        /** GenerationAccepted */
        GenerationAccepted: {
            generation_id: string;
            instance: string;
            /** @default null */
            question_id?: string | null;
            /** @default null */
            answer_id?: string | null;
            /** @default null */
            request_id?: string | null;
        };
        /** Queued */
        Queued: {
            /** @enum {unknown} */
            type: "queued";
            position: number;
            /** @default null */
            estimated_wait_s?: number | null;
        };
        /**
         * Loading
         * @description The model is not in memory: it is being loaded, and the request goes on when that is done. Told once, and only by
         *         engines that know.
         */
        Loading: {
            /** @enum {unknown} */
            type: "loading";
            model: string;
            /** @default null */
            size_bytes?: number | null;
            /** @default null */
            expected_s?: number | null;
        };
        /**
         * Started
         * @description An engine slot is at work.
         */
        Started: {
            /** @enum {unknown} */
            type: "started";
            model: string;
            /** @default  */
            engine?: string;
            /** @default null */
            instance?: string | null;
            /** @default null */
            node?: string | null;
            /** @default 0 */
            queue_ms?: number;
            /** @default null */
            kept_as?: string | null;
            /** @default 0 */
            kept_at?: number;
        };
        /**
         * Delta
         * @description The next piece of the answer: text, reasoning, tool calls, or several of them.
         */
        Delta: {
            /** @enum {unknown} */
            type: "delta";
            /** @default  */
            text?: string;
            /** @default  */
            reasoning?: string;
            /** @default [] */
            tool_calls?: Record<string, never>[];
            /** @default 1 */
            tokens?: number;
            /** @default null */
            logprobs?: unknown;
        };
        /** Finished */
        Finished: {
            /** @enum {unknown} */
            type: "finished";
            /** @enum {unknown} */
            reason: "cancelled" | "content_filter" | "length" | "stop" | "tool_calls";
            /** @default {} */
            usage?: components["schemas"]["Usage"];
            /** @default {} */
            timings?: components["schemas"]["Timings"];
        };
        /**
         * Usage
         * @description Tokens, as counted by the engine and checked against the chunks that passed.
         */
        Usage: {
            /** @default 0 */
            prompt_tokens?: number;
            /** @default 0 */
            completion_tokens?: number;
            /** @default 0 */
            cached_prompt_tokens?: number;
            /** @default 0 */
            reasoning_tokens?: number;
            /** @default false */
            estimated?: boolean;
        };
        /**
         * Timings
         * @description Where the time went, in milliseconds; None: not known.
         */
        Timings: {
            /** @default null */
            queue_ms?: number | null;
            /** @default null */
            load_ms?: number | null;
            /** @default null */
            prompt_ms?: number | null;
            /** @default null */
            generation_ms?: number | null;
        };
        /**
         * Failed
         * @description The end of a generation that went wrong after its stream began. ``code`` is one of ``covey.errors``.
         */
        Failed: {
            /** @enum {unknown} */
            type: "failed";
            code: string;
            /** @default  */
            detail?: string;
            /** @default null */
            retry_after_s?: number | null;
            /** @default {} */
            usage?: components["schemas"]["Usage"];
        };
        /**
         * Empty
         * @description An answer, or a question, without content.
         */
        Empty: Record<string, never>;
        /**
         * RegistrationPolicy
         * @description What a stranger may know before registering.
         */
        RegistrationPolicy: {
            /** @enum {unknown} */
            policy: "closed" | "invitation" | "open";
            first_account: boolean;
        };
        /** Register */
        Register: {
            username: string;
            password: string;
            /** @default null */
            invitation?: string | null;
            /** @default  */
            label?: string;
        };
        /**
         * SessionTokens
         * @description What a login yields. The access token is a short-lived JWT; the refresh token works once.
         */
        SessionTokens: {
            access_token: string;
            refresh_token: string;
            session_id: string;
            access_expires_in_s: number;
            refresh_expires_in_s: number;
            user: components["schemas"]["UserInfo"];
        };
        /** UserInfo */
        UserInfo: {
            id: string;
            username: string;
            /**
             * @default member
             * @enum {unknown}
             */
            role?: "admin" | "member";
            /**
             * @default active
             * @enum {unknown}
             */
            status?: "active" | "suspended";
            /** @default 0 */
            created_at?: number;
            /** @default null */
            last_login_at?: number | null;
        };
        /** Login */
        Login: {
            username: string;
            password: string;
            /** @default  */
            label?: string;
        };
        /** RefreshSession */
        RefreshSession: {
            refresh_token: string;
        };
        /** Logout */
        Logout: {
            /** @default false */
            everywhere?: boolean;
        };
        /** ChangePassword */
        ChangePassword: {
            current_password: string;
            new_password: string;
        };
        /** SessionList */
        SessionList: {
            items: components["schemas"]["SessionInfo"][];
        };
        /** SessionInfo */
        SessionInfo: {
            id: string;
            /** @default  */
            label?: string;
            created_at: number;
            last_used_at: number;
            expires_at: number;
            /** @default false */
            current?: boolean;
        };
        /** CreateKey */
        CreateKey: {
            name: string;
            /** @default null */
            expires_in_s?: number | null;
            /**
             * @default [
             *       "inference"
             *     ]
             */
            scopes?: ("account" | "admin" | "inference")[];
            /** @default null */
            models?: string[] | null;
        };
        /**
         * CreatedKey
         * @description The only message that carries a key's secret, once.
         */
        CreatedKey: {
            key: components["schemas"]["KeyInfo"];
            secret: string;
        };
        /** KeyInfo */
        KeyInfo: {
            id: string;
            name: string;
            prefix: string;
            created_at: number;
            /** @default null */
            expires_at?: number | null;
            /** @default null */
            last_used_at?: number | null;
            /**
             * @default [
             *       "inference"
             *     ]
             */
            scopes?: ("account" | "admin" | "inference")[];
            /** @default null */
            models?: string[] | null;
            /** @default null */
            revoked_at?: number | null;
        };
        /** KeyList */
        KeyList: {
            items: components["schemas"]["KeyInfo"][];
        };
        /** ModelList */
        ModelList: {
            items: components["schemas"]["CatalogueModel"][];
        };
        /**
         * CatalogueModel
         * @description A model of the whole service, whatever the number of processors that have it.
         */
        CatalogueModel: {
            model: components["schemas"]["ModelInfo"];
            instances: string[];
            nodes: string[];
        };
        /**
         * ModelInfo
         * @description A model as one processor offers it.
         */
        ModelInfo: {
            name: string;
            /** @default [] */
            aliases?: string[];
            /** @default  */
            engine?: string;
            /**
             * @default cold
             * @enum {unknown}
             */
            state?: "cold" | "loaded" | "loading" | "unavailable";
            /**
             * @default [
             *       "chat",
             *       "completion"
             *     ]
             */
            capabilities?: ("chat" | "completion" | "embedding" | "thinking" | "tools" | "vision")[];
            /** @default null */
            context_length?: number | null;
            /** @default null */
            size_bytes?: number | null;
            /** @default null */
            parameters?: string | null;
            /** @default null */
            quantization?: string | null;
            /** @default null */
            family?: string | null;
            /** @default null */
            digest?: string | null;
            /** @default null */
            modified_at?: number | null;
            /** @default false */
            is_default?: boolean;
            /** @default null */
            description?: string | null;
            /** @default false */
            hidden?: boolean;
            /** @default false */
            restricted?: boolean;
            /** @default null */
            problem?: string | null;
        };
        /** ModelSettings */
        ModelSettings: {
            model: string;
            /** @default [] */
            aliases?: string[];
            /** @default {} */
            sampling?: components["schemas"]["Sampling"];
            /** @default null */
            system_prompt?: string | null;
            /** @default null */
            description?: string | null;
            /** @default false */
            hidden?: boolean;
            /** @default {} */
            access?: components["schemas"]["ModelAccess"];
            /** @default null */
            updated_at?: number | null;
            /** @default null */
            updated_by?: string | null;
        };
        /**
         * ModelAccess
         * @description Who may use a model. Administrators always may.
         */
        ModelAccess: {
            /**
             * @default all
             * @enum {unknown}
             */
            kind?: "all" | "roles" | "users";
            /** @default [] */
            users?: string[];
            /** @default [] */
            roles?: ("admin" | "member")[];
        };
        /**
         * SetModelSettings
         * @description Replaces what was decided before. It goes before the settings file; requests go before both.
         */
        SetModelSettings: {
            model: string;
            /** @default [] */
            aliases?: string[];
            /** @default {} */
            sampling?: components["schemas"]["Sampling"];
            /** @default null */
            system_prompt?: string | null;
            /** @default null */
            description?: string | null;
            /** @default false */
            hidden?: boolean;
            /** @default {} */
            access?: components["schemas"]["ModelAccess"];
        };
        /** PullableList */
        PullableList: {
            items: components["schemas"]["PullableModel"][];
        };
        /** PullableModel */
        PullableModel: {
            name: string;
            size_bytes: number;
            /** @default  */
            description?: string;
            /** @default  */
            license?: string;
            /** @default false */
            installed?: boolean;
        };
        /** PullList */
        PullList: {
            items: components["schemas"]["RunningPull"][];
        };
        /** RunningPull */
        RunningPull: {
            id: string;
            model: string;
            instance: string;
            node: string;
            started_at: number;
            progress: components["schemas"]["PullProgress"];
        };
        /** ModelDetails */
        ModelDetails: {
            model: components["schemas"]["ModelInfo"];
            /** @default null */
            template?: string | null;
            /** @default {} */
            parameters?: Record<string, never>;
            /** @default {} */
            metadata?: Record<string, never>;
            /** @default null */
            license?: string | null;
        };
        /** RunningModelList */
        RunningModelList: {
            items: components["schemas"]["RunningModel"][];
        };
        /** RunningModel */
        RunningModel: {
            model: components["schemas"]["ModelInfo"];
            instance: string;
            node: string;
            /** @default 0 */
            running?: number;
            /** @default 0 */
            waiting?: number;
            /** @default 0 */
            slots?: number;
            /** @default null */
            expires_at?: number | null;
        };
        /** NodeList */
        NodeList: {
            items: components["schemas"]["NodeInfo"][];
        };
        /** NodeInfo */
        NodeInfo: {
            name: string;
            instances: components["schemas"]["InstanceInfo"][];
            /** @default null */
            joined?: components["schemas"]["JoinedNode"] | null;
        };
        /**
         * InstanceInfo
         * @description One worker's heartbeat, sent each second and whenever it changes.
         */
        InstanceInfo: {
            service: string;
            instance: string;
            node: string;
            /**
             * @default serving
             * @enum {unknown}
             */
            state?: "draining" | "failed" | "serving" | "starting" | "stopped";
            /** @default  */
            version?: string;
            /** @default 0 */
            started_at?: number;
            /** @default {} */
            load?: components["schemas"]["LoadReport"];
            /** @default [] */
            models?: components["schemas"]["ModelInfo"][];
            /** @default 0 */
            pid?: number;
            /** @default null */
            cpu_percent?: number | null;
            /** @default null */
            memory_bytes?: number | null;
            /** @default null */
            mesh_server?: string | null;
            /** @default false */
            keeps_mesh?: boolean;
        };
        /** LoadReport */
        LoadReport: {
            /** @default 0 */
            running?: number;
            /** @default 0 */
            waiting?: number;
            /** @default 0 */
            slots?: number;
            /** @default 0 */
            waiting_limit?: number;
            /** @default null */
            service_time_s?: number | null;
        };
        /**
         * JoinedNode
         * @description A machine that came by invitation.
         */
        JoinedNode: {
            name: string;
            /**
             * @default processor
             * @enum {unknown}
             */
            kind?: "processor";
            joined_at: number;
            /** @default  */
            invited_by?: string;
        };
        /** InviteNode */
        InviteNode: {
            /** @default null */
            name?: string | null;
            /** @default 3600 */
            expires_in_s?: number;
            /** @default [] */
            addresses?: string[];
        };
        /** CreatedNodeInvitation */
        CreatedNodeInvitation: {
            invitation: components["schemas"]["NodeInvitation"];
            token: string;
            command: string;
            /** @default [] */
            addresses?: string[];
        };
        /** NodeInvitation */
        NodeInvitation: {
            id: string;
            /** @default null */
            name?: string | null;
            created_at: number;
            expires_at: number;
            /** @default  */
            invited_by?: string;
        };
        /** NodeInvitationList */
        NodeInvitationList: {
            accepts: boolean;
            /** @default null */
            setting?: string | null;
            /** @default [] */
            items?: components["schemas"]["NodeInvitation"][];
            /** @default [] */
            addresses?: string[];
        };
        /** CreateConversation */
        CreateConversation: {
            /** @default  */
            title?: string;
            /** @default  */
            folder?: string;
            /** @default null */
            model?: string | null;
            /** @default {} */
            settings?: Record<string, never>;
            /** @default [] */
            messages?: components["schemas"]["StoredMessage"][];
            /** @default false */
            pinned?: boolean;
            /** @default null */
            active_leaf?: string | null;
            /** @default null */
            created_at?: number | null;
        };
        /**
         * StoredMessage
         * @description One message of a conversation's tree; ``parent_id`` None: a first message. Siblings are branches.
         *
         *         Of an answer that was continued, ``model`` and what follows tell of the last continuation.
         */
        StoredMessage: {
            id: string;
            /** @default null */
            parent_id?: string | null;
            message: components["schemas"]["ChatMessage"];
            created_at: number;
            /** @default null */
            model?: string | null;
            /** @default null */
            node?: string | null;
            /** @default null */
            generation_id?: string | null;
            /** @default null */
            request_id?: string | null;
            /** @default null */
            usage?: components["schemas"]["Usage"] | null;
            /** @default null */
            time_line?: components["schemas"]["TimeLine"] | null;
            /** @default null */
            finish_reason?: string | null;
            /** @default null */
            error_code?: string | null;
        };
        /**
         * TimeLine
         * @description When each thing happened, in Unix seconds; None: not (yet).
         */
        TimeLine: {
            received: number;
            /** @default null */
            admitted?: number | null;
            /** @default null */
            queued?: number | null;
            /** @default null */
            started?: number | null;
            /** @default null */
            first_token?: number | null;
            /** @default null */
            reasoning_ended?: number | null;
            /** @default null */
            ended?: number | null;
        };
        /** Conversation */
        Conversation: {
            info: components["schemas"]["ConversationInfo"];
            /** @default [] */
            messages?: components["schemas"]["StoredMessage"][];
            /** @default {} */
            settings?: Record<string, never>;
            /** @default [] */
            generations?: components["schemas"]["RunningGeneration"][];
        };
        /** ConversationInfo */
        ConversationInfo: {
            id: string;
            /** @default  */
            title?: string;
            /** @default  */
            folder?: string;
            /** @default false */
            pinned?: boolean;
            /** @default null */
            model?: string | null;
            created_at: number;
            updated_at: number;
            /** @default 0 */
            message_count?: number;
            /** @default 0 */
            revision?: number;
            /** @default null */
            active_leaf?: string | null;
        };
        /**
         * RunningGeneration
         * @description A generation of a conversation that has not ended.
         */
        RunningGeneration: {
            generation_id: string;
            answer_id: string;
            /** @default null */
            question_id?: string | null;
            model: string;
            started_at: number;
            /** @default false */
            continues?: boolean;
            /** @default null */
            request_id?: string | null;
        };
        /** ConversationList */
        ConversationList: {
            items: components["schemas"]["ConversationInfo"][];
            /** @default null */
            next?: string | null;
            /** @default {} */
            matches?: {
                [key: string]: components["schemas"]["SearchMatch"];
            };
        };
        /**
         * SearchMatch
         * @description Where a conversation holds the words that were searched for.
         */
        SearchMatch: {
            /** @default null */
            message_id?: string | null;
            snippet: string;
        };
        /** UpdateConversation */
        UpdateConversation: {
            conversation_id: string;
            /** @default null */
            title?: string | null;
            /** @default null */
            folder?: string | null;
            /** @default null */
            pinned?: boolean | null;
            /** @default null */
            model?: string | null;
            /** @default null */
            settings?: Record<string, never> | null;
            /** @default null */
            active_leaf?: string | null;
            /** @default null */
            revision?: number | null;
        };
        /** AppendMessage */
        AppendMessage: {
            conversation_id: string;
            message: components["schemas"]["ChatMessage"];
            /** @default null */
            parent_id?: string | null;
        };
        /** DeletedConversations */
        DeletedConversations: {
            deleted: number;
        };
        /** FolderList */
        FolderList: {
            items: components["schemas"]["Folder"][];
        };
        /** Folder */
        Folder: {
            name: string;
            conversation_count: number;
        };
        /** ForkConversation */
        ForkConversation: {
            conversation_id: string;
            message_id: string;
            /** @default null */
            title?: string | null;
        };
        /** AddAttachment */
        AddAttachment: {
            conversation_id: string;
            url: string;
        };
        /** AttachmentInfo */
        AttachmentInfo: {
            id: string;
            media_type: string;
            size_bytes: number;
        };
        /** Attachment */
        Attachment: {
            info: components["schemas"]["AttachmentInfo"];
            url: string;
        };
        /** Preferences */
        Preferences: {
            /** @default {} */
            values?: Record<string, never>;
        };
        /** SetPreferences */
        SetPreferences: {
            values: Record<string, never>;
        };
        /** GenerationList */
        GenerationList: {
            items: components["schemas"]["GenerationInfo"][];
        };
        /** GenerationInfo */
        GenerationInfo: {
            id: string;
            model: string;
            /** @enum {unknown} */
            state: "cancelled" | "failed" | "finished" | "running";
            events: number;
            time_line: components["schemas"]["TimeLine"];
            /** @default null */
            conversation_id?: string | null;
            /** @default null */
            node?: string | null;
            /** @default null */
            usage?: components["schemas"]["Usage"] | null;
            /** @default null */
            answer_id?: string | null;
            /** @default false */
            attached?: boolean;
        };
        /** UsageReport */
        UsageReport: {
            items: components["schemas"]["UsageRow"][];
            total: components["schemas"]["UsageTotals"];
        };
        /** UsageRow */
        UsageRow: {
            day: string;
            model: string;
            user_id: string;
            /** @default null */
            key_id?: string | null;
            totals: components["schemas"]["UsageTotals"];
            /** @default null */
            username?: string | null;
            /** @default false */
            user_deleted?: boolean;
            /** @default null */
            key_name?: string | null;
            /** @default null */
            key_prefix?: string | null;
            /** @default false */
            key_deleted?: boolean;
        };
        /** UsageTotals */
        UsageTotals: {
            /** @default 0 */
            requests?: number;
            /** @default 0 */
            prompt_tokens?: number;
            /** @default 0 */
            completion_tokens?: number;
            /** @default 0 */
            failed?: number;
            /** @default 0 */
            cancelled?: number;
        };
        /** RequestPage */
        RequestPage: {
            items: components["schemas"]["LoggedRequest"][];
            /** @default null */
            next?: string | null;
        };
        /** LoggedRequest */
        LoggedRequest: {
            record: components["schemas"]["UsageRecord"];
            /** @default null */
            username?: string | null;
            /** @default false */
            user_deleted?: boolean;
            /** @default null */
            key_name?: string | null;
            /** @default null */
            key_prefix?: string | null;
            /** @default false */
            key_deleted?: boolean;
        };
        /**
         * UsageRecord
         * @description One request, also one that was refused once it was known whose it is. Never any content.
         */
        UsageRecord: {
            request_id: string;
            user_id: string;
            /** @default null */
            key_id?: string | null;
            model: string;
            /** @enum {unknown} */
            kind: "chat" | "completion" | "embedding";
            at: number;
            /** @default 0 */
            prompt_tokens?: number;
            /** @default 0 */
            completion_tokens?: number;
            /** @default false */
            estimated?: boolean;
            /**
             * @default ok
             * @enum {unknown}
             */
            outcome?: "cancelled" | "failed" | "ok" | "refused";
            /** @default null */
            error_code?: string | null;
            /** @default null */
            processor?: string | null;
            /** @default null */
            queue_ms?: number | null;
            /** @default null */
            first_token_ms?: number | null;
            /** @default 0 */
            duration_ms?: number;
            /** @default  */
            username?: string;
            /** @default null */
            node?: string | null;
            /** @default true */
            admitted?: boolean;
        };
        /**
         * RequestContents
         * @description Newest first. Usually one: several when a client used an id again.
         */
        RequestContents: {
            items: components["schemas"]["KeptContent"][];
            /** @default 0 */
            more?: number;
        };
        /**
         * KeptContent
         * @description One generation: the question as it was given, and as much of the answer as came.
         */
        KeptContent: {
            request_id: string;
            user_id: string;
            username: string;
            /** @default null */
            key_id?: string | null;
            model: string;
            /** @enum {unknown} */
            kind: "chat" | "completion";
            at: number;
            expires_at: number;
            /**
             * @default ok
             * @enum {unknown}
             */
            outcome?: "cancelled" | "failed" | "ok" | "refused";
            /** @default null */
            error_code?: string | null;
            /** @default [] */
            messages?: components["schemas"]["KeptMessage"][];
            /** @default 0 */
            messages_left_out?: number;
            /** @default null */
            prompt?: string | null;
            /** @default null */
            suffix?: string | null;
            /** @default false */
            prompt_cut?: boolean;
            /** @default {} */
            answer?: components["schemas"]["KeptAnswer"];
        };
        /** KeptMessage */
        KeptMessage: {
            role: string;
            /** @default [] */
            content?: (components["schemas"]["TextPart"] | components["schemas"]["KeptImage"])[];
            /** @default  */
            reasoning?: string;
            /** @default  */
            name?: string;
            /** @default [] */
            tool_calls?: components["schemas"]["ToolCall"][];
            /** @default  */
            tool_call_id?: string;
            /** @default false */
            cut?: boolean;
        };
        /**
         * KeptImage
         * @description That a picture was there. The picture itself is never kept.
         */
        KeptImage: {
            /** @enum {unknown} */
            type: "image";
            media_type: string;
            size_bytes: number;
        };
        /** KeptAnswer */
        KeptAnswer: {
            /** @default  */
            text?: string;
            /** @default  */
            reasoning?: string;
            /** @default [] */
            tool_calls?: components["schemas"]["ToolCall"][];
            /** @default false */
            cut?: boolean;
        };
        /**
         * ContentPolicy
         * @description What everybody may know who uses the service.
         */
        ContentPolicy: {
            /** @default false */
            kept?: boolean;
            /** @default null */
            kept_s?: number | null;
        };
        /** Overview */
        Overview: {
            at: number;
            version: string;
            started_at: number;
            uptime_s: number;
            last_minute: components["schemas"]["ActivityTotals"];
            last_hour: components["schemas"]["ActivityTotals"];
            last_day: components["schemas"]["ActivityTotals"];
            series: components["schemas"]["ActivityPoint"][];
            running: number;
            waiting: number;
            slots: number;
            models: number;
            loaded_models: string[];
            users: number;
            nodes: components["schemas"]["NodeSummary"][];
            health: components["schemas"]["ServiceHealth"];
        };
        /** ActivityTotals */
        ActivityTotals: {
            /** @default 0 */
            requests?: number;
            /** @default 0 */
            failed?: number;
            /** @default 0 */
            refused?: number;
            /** @default 0 */
            prompt_tokens?: number;
            /** @default 0 */
            completion_tokens?: number;
            /** @default null */
            first_token_p50_ms?: number | null;
            /** @default null */
            first_token_p95_ms?: number | null;
        };
        /**
         * ActivityPoint
         * @description One minute of the whole service.
         */
        ActivityPoint: {
            at: number;
            /** @default 0 */
            requests?: number;
            /** @default 0 */
            failed?: number;
            /** @default 0 */
            refused?: number;
            /** @default 0 */
            tokens?: number;
            /** @default null */
            first_token_p50_ms?: number | null;
            /** @default null */
            first_token_p95_ms?: number | null;
        };
        /** NodeSummary */
        NodeSummary: {
            name: string;
            services: string[];
            /** @default false */
            draining?: boolean;
        };
        /** ServiceHealth */
        ServiceHealth: {
            mesh: boolean;
            store: boolean;
            /** @default null */
            access_age_s?: number | null;
            /** @default 0 */
            records_waiting?: number;
            /** @default [] */
            silent_gateways?: string[];
        };
        /** SettingsInForce */
        SettingsInForce: {
            node: string;
            /** @default [] */
            items?: components["schemas"]["SettingInForce"][];
            /**
             * @default gateway
             * @enum {unknown}
             */
            service?: "auth" | "gateway" | "processor";
            /** @default null */
            instance?: string | null;
        };
        /** SettingInForce */
        SettingInForce: {
            path: string;
            /** @default null */
            value?: unknown;
            /**
             * @default default
             * @enum {unknown}
             */
            origin?: "argument" | "default" | "environment" | "file";
            /** @default false */
            secret?: boolean;
            /** @default  */
            about?: string;
        };
        /** AuditPage */
        AuditPage: {
            items: components["schemas"]["AuditEvent"][];
            /** @default null */
            next?: string | null;
        };
        /**
         * AuditEvent
         * @description One change to an account, key, session policy or model, or an attempt at one.
         */
        AuditEvent: {
            id: string;
            at: number;
            action: string;
            /** @default null */
            actor_id?: string | null;
            /** @default null */
            actor_name?: string | null;
            /** @default null */
            target?: string | null;
            /** @enum {unknown} */
            outcome: "failed" | "ok" | "refused";
            /** @default null */
            error_code?: string | null;
            request_id: string;
            /** @default null */
            client_address?: string | null;
            /** @default {} */
            details?: Record<string, never>;
        };
        /** UserList */
        UserList: {
            items: components["schemas"]["UserInfo"][];
            /** @default null */
            next?: string | null;
        };
        /** UpdateUser */
        UpdateUser: {
            user_id: string;
            /** @default null */
            role?: ("admin" | "member") | null;
            /** @default null */
            status?: ("active" | "suspended") | null;
        };
        /**
         * ResetPassword
         * @description An administrator sets a new password; all of the user's sessions end.
         */
        ResetPassword: {
            user_id: string;
            new_password: string;
        };
        /** CreateInvitation */
        CreateInvitation: {
            /**
             * @default member
             * @enum {unknown}
             */
            role?: "admin" | "member";
            /** @default 604800 */
            expires_in_s?: number;
        };
        /** CreatedInvitation */
        CreatedInvitation: {
            invitation: components["schemas"]["InvitationInfo"];
            code: string;
        };
        /** InvitationInfo */
        InvitationInfo: {
            id: string;
            /** @enum {unknown} */
            role: "admin" | "member";
            created_at: number;
            expires_at: number;
            /** @default null */
            used_by?: string | null;
            /**
             * @default open
             * @enum {unknown}
             */
            state?: "expired" | "open" | "revoked" | "used";
            /** @default null */
            used_by_name?: string | null;
            /** @default null */
            used_at?: number | null;
            /** @default null */
            revoked_at?: number | null;
        };
        /** InvitationList */
        InvitationList: {
            items: components["schemas"]["InvitationInfo"][];
        };
        /** SigningKeyRotated */
        SigningKeyRotated: {
            key_id: string;
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    "health.livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the process answers at all */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthState"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "health.readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether requests can be served; the first thing to fail when draining */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthState"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "health.healthz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The same as /readyz */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthState"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "openai.chat": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChatCompletionRequest"];
            };
        };
        responses: {
            /** @description Answer a conversation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "openai.completions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CompletionRequest"];
            };
        };
        responses: {
            /** @description Continue a text */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "openai.embeddings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["EmbeddingRequest"];
            };
        };
        responses: {
            /** @description Turn texts into vectors */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "openai.models.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Models that the credential may use */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "openai.models.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One model */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "models.pull": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PullModel"];
            };
        };
        responses: {
            /** @description Fetch a model; answers with its progress as a stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": components["schemas"]["PullProgress"];
                    "text/event-stream": components["schemas"]["PullProgress"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "generations.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Own generations: running ones, attached ones too, and recent ones */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GenerationList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "generations.start": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewGeneration"];
            };
        };
        responses: {
            /** @description Begin a generation that goes on without a reader */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GenerationAccepted"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "generations.follow": {
        parameters: {
            query?: {
                after?: number;
            };
            header?: never;
            path: {
                generation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The events of a generation, from any one on */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["Queued"] | components["schemas"]["Loading"] | components["schemas"]["Started"] | components["schemas"]["Delta"] | components["schemas"]["Finished"] | components["schemas"]["Failed"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "generations.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                generation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One generation with its time line */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GenerationInfo"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "generations.cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                generation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Stop a generation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "registration.policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who may register */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RegistrationPolicy"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "accounts.register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Register"];
            };
        };
        responses: {
            /** @description Make an account */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionTokens"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sessions.login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Login"];
            };
        };
        responses: {
            /** @description Log in */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionTokens"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sessions.refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["RefreshSession"];
            };
        };
        responses: {
            /** @description Renew a session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionTokens"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sessions.logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Logout"];
            };
        };
        responses: {
            /** @description Log out, here or everywhere */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "accounts.change_password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ChangePassword"];
            };
        };
        responses: {
            /** @description Change the own password */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "accounts.me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account that the credential speaks for */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserInfo"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sessions.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Own sessions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "sessions.revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description End one of the own sessions */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Own API keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateKey"];
            };
        };
        responses: {
            /** @description Make an API key; its secret is shown once */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedKey"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "keys.revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoke one of the own API keys */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "models.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Models that the credential may use */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "models.get_settings": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was decided about a model */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelSettings"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "models.set_settings": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @default [] */
                    aliases?: string[];
                    /** @default {} */
                    sampling?: components["schemas"]["Sampling"];
                    /** @default null */
                    system_prompt?: string | null;
                    /** @default null */
                    description?: string | null;
                    /** @default false */
                    hidden?: boolean;
                    /** @default {} */
                    access?: components["schemas"]["ModelAccess"];
                };
            };
        };
        responses: {
            /** @description Give a model names, defaults, a description, and say who may use it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelSettings"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "models.reset_settings": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Take back what was decided about a model */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "catalogue.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Models that can be fetched */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PullableList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "pulls.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Models that are being fetched */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PullList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "pulls.cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pull_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Stop fetching a model */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "models.show": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One model in detail */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ModelDetails"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "models.remove": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                model: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Remove a model's files */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "models.running": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Models that are loaded, with their load */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RunningModelList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "nodes.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Nodes and their workers */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodeList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "nodes.drain": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                node: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Have a node's processors finish what they have and take nothing new */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodeInfo"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "nodes.resume": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                node: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Have a drained node's processors take requests again */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodeInfo"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "nodes.invitations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Open invitations of machines, and whether machines can join */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["NodeInvitationList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "nodes.invite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["InviteNode"];
            };
        };
        responses: {
            /** @description Invite a machine to join as a processor node; the token is shown once */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedNodeInvitation"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "nodes.revoke_invitation": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                invitation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoke the invitation of a machine */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "nodes.remove": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                node: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Take a machine's identity away and end its connection at once */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.list": {
        parameters: {
            query?: {
                search?: string | null;
                folder?: string | null;
                pinned?: boolean | null;
                cursor?: string | null;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Own conversations, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateConversation"];
            };
        };
        responses: {
            /** @description Begin or import a conversation */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conversation"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.delete_all": {
        parameters: {
            query: {
                confirm: "all";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete all own conversations */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DeletedConversations"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One conversation with its messages */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conversation"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.delete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete a conversation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.update": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @default null */
                    title?: string | null;
                    /** @default null */
                    folder?: string | null;
                    /** @default null */
                    pinned?: boolean | null;
                    /** @default null */
                    model?: string | null;
                    /** @default null */
                    settings?: Record<string, never> | null;
                    /** @default null */
                    active_leaf?: string | null;
                    /** @default null */
                    revision?: number | null;
                };
            };
        };
        responses: {
            /** @description Rename, pin, file or configure a conversation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationInfo"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.append": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    message: components["schemas"]["ChatMessage"];
                    /** @default null */
                    parent_id?: string | null;
                };
            };
        };
        responses: {
            /** @description Add a message */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoredMessage"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.folders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Folders of the own conversations */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["FolderList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.delete_branch": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
                message_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete a message and everything below it */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConversationInfo"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "conversations.fork": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    message_id: string;
                    /** @default null */
                    title?: string | null;
                };
            };
        };
        responses: {
            /** @description A new conversation with the messages down to one of them */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Conversation"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "attachments.add": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    url: string;
                };
            };
        };
        responses: {
            /** @description Keep a picture for messages to name */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AttachmentInfo"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "attachments.get": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                conversation_id: string;
                attachment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A picture of a conversation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Attachment"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "preferences.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Own preferences */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preferences"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "preferences.set": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["SetPreferences"];
            };
        };
        responses: {
            /** @description Replace the own preferences */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Preferences"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "usage.query": {
        parameters: {
            query?: {
                first_day?: string | null;
                last_day?: string | null;
                user_id?: string | null;
                /** @description `csv`, also by `Accept: text/csv`: a table for spreadsheets; without `limit` it holds everything. */
                format?: "json" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Usage by day, model and key */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UsageReport"];
                    "text/csv": string;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "requests.query": {
        parameters: {
            query?: {
                cursor?: string | null;
                limit?: number;
                user_id?: string | null;
                key_id?: string | null;
                model?: string | null;
                outcome?: ("cancelled" | "failed" | "ok" | "refused") | null;
                error_code?: string | null;
                processor?: string | null;
                node?: string | null;
                request_id?: string | null;
                min_duration_ms?: number | null;
                since?: number | null;
                until?: number | null;
                /** @description `csv`, also by `Accept: text/csv`: a table for spreadsheets; without `limit` it holds everything. */
                format?: "json" | "csv";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last requests, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestPage"];
                    "text/csv": string;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "requests.content": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What was asked and answered, where that is kept; reading it is written into the audit log */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RequestContents"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "content.policy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether administrators can read what is asked and answered, and for how long */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContentPolicy"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "overview.get": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The service at a glance */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Overview"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "settings.list": {
        parameters: {
            query?: {
                node?: string | null;
                service?: ("auth" | "gateway" | "processor") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The settings in force of the node that answers, secrets masked */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SettingsInForce"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "audit.query": {
        parameters: {
            query?: {
                cursor?: string | null;
                limit?: number;
                actor_id?: string | null;
                action?: string | null;
                target?: string | null;
                outcome?: ("failed" | "ok" | "refused") | null;
                since?: number | null;
                until?: number | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The audit log, newest first */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AuditPage"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "users.list": {
        parameters: {
            query?: {
                cursor?: string | null;
                limit?: number;
                search?: string | null;
                role?: ("admin" | "member") | null;
                status?: ("active" | "suspended") | null;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All accounts */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "users.delete": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Delete an account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "users.update": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @default null */
                    role?: ("admin" | "member") | null;
                    /** @default null */
                    status?: ("active" | "suspended") | null;
                };
            };
        };
        responses: {
            /** @description Change a role, suspend or restore an account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserInfo"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "users.reset_password": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    new_password: string;
                };
            };
        };
        responses: {
            /** @description Set a new password for an account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "users.keys": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description API keys of an account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["KeyList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "users.revoke_key": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
                key_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoke an API key of an account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "users.sessions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Sessions of an account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "users.end_sessions": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description End all sessions of an account */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "invitations.list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Invitations */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["InvitationList"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "invitations.create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateInvitation"];
            };
        };
        responses: {
            /** @description Invite someone; the code is shown once */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedInvitation"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "invitations.revoke": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                invitation_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoke an invitation */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Empty"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "signing_keys.rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Sign new tokens with a new key; nobody is logged out */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SigningKeyRotated"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "reference.openapi": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description This description */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    "reference.docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description This description as a page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
