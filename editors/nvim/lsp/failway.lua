-- The language server, for Neovim 0.11 and later: `vim.lsp.enable('failway')`.
return {
  cmd = { 'failway', 'lsp' },
  filetypes = { 'failway' },
  root_markers = { '.git' },
}
