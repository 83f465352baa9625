class BlockArithmetic:
    def question(self, random):
        lengths = [random.randint(60, 900) for _ in range(4)]
        return {"text": f"Four articles have {', '.join(map(str, lengths))} tokens. How many blocks of 128 do they give?", "lengths": lengths}
    def check(self, question, answer):
        right = sum(n // 128 for n in question["lengths"])
        try: given = int(answer)
        except ValueError: return False, "the answer is a whole number"
        return given == right, "" if given == right else "each article is cut by itself; a rest shorter than 128 is dropped"
    def hints(self, question): return ["How many times does 128 fit into the first article?", "Add up, article by article."]
    def solution(self, question): return " + ".join(str(n // 128) for n in question["lengths"])
class Anchors(BlockArithmetic): pass
