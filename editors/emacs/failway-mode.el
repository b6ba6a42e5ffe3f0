;;; failway-mode.el --- Failway policies -*- lexical-binding: t; -*-

;; Colours and indentation without tree-sitter; the language server through Eglot.

;;; Code:

(defvar failway-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?/ ". 12" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?_ "w" table)
    table))

(defconst failway-words
  ;; words: kept by a test
  '("absent" "action" "advance" "after" "agent" "allow" "and" "any" "approve" "as" "ask" "backoff" "because" "before" "by" "call" "calls" "capacity" "choose" "claim" "confirm" "contains" "decline" "defaults" "define" "deny" "do" "done" "during" "effect" "effects" "else" "end" "enum" "escalate" "event" "every" "except" "expect" "expendable" "expire" "fact" "failure" "fallback" "flow" "for" "given" "gives" "group" "handlers" "happened" "idempotent" "ignore" "in" "indeterminate" "input" "instead" "integration" "is" "keeps" "leaves" "length" "limit" "limited" "list" "matches" "matching" "may" "never" "not" "of" "on" "once" "or" "order" "otherwise" "outcome" "per" "permanent" "policy" "present" "propose" "proposes" "read" "reads" "record" "require" "retry" "role" "run" "session" "settle" "size" "some" "standing" "start" "state" "success" "test" "timeout" "to" "tolerant" "transient" "type" "undo" "unsettled" "unwind" "use" "visits" "when" "where" "within" "write" "writes")
  "The words of the language.")

(defconst failway-font-lock
  `(("\\_<\\(?:bool\\|int\\|decimal\\|string\\|duration\\|time\\|date\\|instant\\)\\_>" . font-lock-type-face)
    ("\\_<\\(?:true\\|false\\)\\_>" . font-lock-constant-face)
    ("\\_<\\([a-z][a-z0-9_]*\\)\\??:" 1 font-lock-variable-name-face)
    ("\\_<[A-Z][A-Za-z0-9_]*\\_>" . font-lock-type-face)
    (,(concat "\\_<" (regexp-opt failway-words) "\\_>") . font-lock-keyword-face)))

(defun failway-indent-line ()
  "Indent by the brackets that are open."
  (interactive)
  (let* ((depth (save-excursion (beginning-of-line) (car (syntax-ppss))))
         (closes (save-excursion (back-to-indentation) (looking-at "[])}]")))
         (column (* 2 (max 0 (if closes (1- depth) depth)))))
    (if (<= (current-column) (current-indentation))
        (indent-line-to column)
      (save-excursion (indent-line-to column)))))

;;;###autoload
(define-derived-mode failway-mode prog-mode "Failway"
  "Failway policies."
  (setq-local comment-start "// ")
  (setq-local comment-end "")
  (setq-local indent-line-function #'failway-indent-line)
  (setq-local font-lock-defaults '(failway-font-lock)))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.failway\\'" . failway-mode))

(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '(failway-mode . ("failway" "lsp"))))

(provide 'failway-mode)
;;; failway-mode.el ends here
