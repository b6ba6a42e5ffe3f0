-- Run by a test in a headless Neovim: a policy is opened, findings come, and what the server offers is
-- taken. Says what it has seen on standard output, one line each.
local function say(text)
  io.stdout:write(text .. '\n')
end

vim.wait(30000, function()
  return #vim.diagnostic.get(0) > 0
end, 50)
for _, found in ipairs(vim.diagnostic.get(0)) do
  say(('finding %d: %s'):format(found.lnum + 1, vim.split(found.message, '\n')[1]))
end

local function ask(method, params)
  local answers = vim.lsp.buf_request_sync(0, method, params, 30000)
  for _, answer in pairs(answers or {}) do
    return answer.result
  end
end

local document = { uri = vim.uri_from_bufnr(0) }
local found = vim.diagnostic.get(0)[1]
if found then
  local at = { line = found.lnum, character = found.col }
  local actions = ask('textDocument/codeAction', {
    textDocument = document,
    range = { start = at, ['end'] = at },
    context = { diagnostics = {} },
  })
  for _, action in ipairs(actions or {}) do
    say('offered: ' .. action.title)
  end
  if actions and actions[1] then
    vim.lsp.util.apply_workspace_edit(actions[1].edit, 'utf-16')
    vim.wait(30000, function()
      return #vim.diagnostic.get(0) == 0
    end, 50)
    say('left: ' .. #vim.diagnostic.get(0))
  end
end
vim.cmd('quitall!')
