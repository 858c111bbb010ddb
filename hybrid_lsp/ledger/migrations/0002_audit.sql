-- What an auditor asks: to whom it went, and what was taken out before, by kind and number.
ALTER TABLE attempt ADD COLUMN host TEXT NOT NULL DEFAULT '';
ALTER TABLE attempt ADD COLUMN taken TEXT NOT NULL DEFAULT '[]';
