//! Finds `failway` for Zed and starts its language server: what the settings say under
//! `lsp.failway.binary`, else what is on the `PATH`.

use zed_extension_api::{self as zed, settings::LspSettings, LanguageServerId, Result, Worktree};

struct Failway;

impl zed::Extension for Failway {
    fn new() -> Self {
        Self
    }

    fn language_server_command(
        &mut self,
        server: &LanguageServerId,
        worktree: &Worktree,
    ) -> Result<zed::Command> {
        let binary = LspSettings::for_worktree(server.as_ref(), worktree)
            .ok()
            .and_then(|settings| settings.binary);
        let path = binary.as_ref().and_then(|b| b.path.clone());
        let command = match path.or_else(|| worktree.which("failway")) {
            Some(command) => command,
            None => {
                return Err(
                    "failway is not on the PATH: install it, or say where it is under \
                     lsp.failway.binary.path in the settings"
                        .to_string(),
                )
            }
        };
        let args = binary
            .and_then(|b| b.arguments)
            .unwrap_or_else(|| vec!["lsp".to_string()]);
        Ok(zed::Command {
            command,
            args,
            env: worktree.shell_env(),
        })
    }
}

zed::register_extension!(Failway);
