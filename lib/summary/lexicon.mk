# The index of the words. It is committed; test_summary fails when a word is not found by it.

.PHONY: lexicon-index
lexicon-index: ## write lib/summary/lexicon_index.c from the words of lexicon.c
	scripts/lexicon-index lib/summary/lexicon.c > lib/summary/lexicon_index.c.new
	mv lib/summary/lexicon_index.c.new lib/summary/lexicon_index.c
