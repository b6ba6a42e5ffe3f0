-- The server for all policies, and colours by tree-sitter where the parser is installed.
if vim.lsp.enable then
  vim.lsp.enable('failway')
end
vim.api.nvim_create_autocmd('FileType', {
  pattern = 'failway',
  callback = function(event)
    vim.bo[event.buf].commentstring = '// %s'
    vim.bo[event.buf].shiftwidth = 2
    vim.bo[event.buf].expandtab = true
    pcall(vim.treesitter.start, event.buf, 'failway')
  end,
})
