-- The server for all policies, and colours by tree-sitter where the parser is installed.
local old = not vim.lsp.enable
if not old then
  vim.lsp.enable('failway')
end

-- Before Neovim 0.8 files are not told apart by `ftdetect`, and before 0.11 a server is started here.
if vim.fn.has('nvim-0.8') == 0 then
  vim.api.nvim_create_autocmd({ 'BufRead', 'BufNewFile' }, {
    pattern = '*.failway',
    command = 'setfiletype failway',
  })
end

local client
local function start(buffer)
  local git = vim.fn.finddir('.git', vim.fn.expand('%:p:h') .. ';')
  local root = git ~= '' and vim.fn.fnamemodify(git, ':p:h:h') or vim.fn.expand('%:p:h')
  local config = { name = 'failway', cmd = { 'failway', 'lsp' }, root_dir = root }
  if vim.lsp.start then
    vim.lsp.start(config)
    return
  end
  client = client or vim.lsp.start_client(config)
  if client then
    vim.lsp.buf_attach_client(buffer, client)
  end
end

vim.api.nvim_create_autocmd('FileType', {
  pattern = 'failway',
  callback = function(event)
    local buffer = event and event.buf or vim.api.nvim_get_current_buf()
    vim.bo[buffer].commentstring = '// %s'
    vim.bo[buffer].shiftwidth = 2
    vim.bo[buffer].expandtab = true
    if vim.treesitter.start then
      pcall(vim.treesitter.start, buffer, 'failway')
    end
    if old then
      start(buffer)
    end
  end,
})
