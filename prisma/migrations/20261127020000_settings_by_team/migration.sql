-- The settings of a team in the order of their numbers, in which every question lists them.
CREATE INDEX "setting_team" ON "setting" ("team_id", "id");
