"""Everything a person looks at: tables and progress. Decides looks, never content, and computes nothing."""
