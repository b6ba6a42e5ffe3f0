vim.filetype.add({ extension = { failway = 'failway' } })
