"""From exports, diary and tables to the nights of a trial: one row a night, with where each value comes from."""
