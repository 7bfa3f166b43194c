"""Everything a person looks at: tables, pictures and progress. Decides looks, never content, and computes nothing."""
